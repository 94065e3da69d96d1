"""What clients talk to: HTTP and the SignalR hub."""
