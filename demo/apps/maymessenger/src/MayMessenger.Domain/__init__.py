"""What the messenger is about: users, chats, messages, and how things can go wrong. Depends on nothing."""
