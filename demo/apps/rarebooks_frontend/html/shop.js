// Shows that page, proxy, backend and databases work together.
async function show() {
  const status = document.getElementById("status");
  try {
    const setup = await (await fetch("/api/test/setup-status")).json();
    status.textContent = setup.message;
    if (setup.isInitialSetupNeeded) return;
    const books = await (await fetch("/api/books")).json();
    status.textContent = `${books.length} books`;
    for (const book of books) {
      const item = document.createElement("li");
      item.textContent = `${book.title} (${book.category}), ${book.price}`;
      document.getElementById("books").append(item);
    }
  } catch {
    status.textContent = "The shop does not answer.";
  }
}

show();
