fetch("/health").then((answer) => {
  document.getElementById("state").textContent = answer.ok ? "healthy" : "unhealthy";
});
