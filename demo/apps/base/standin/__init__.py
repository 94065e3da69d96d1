"""What the stand-in backends share: what ASP.NET Core, Npgsql and Entity Framework do for the real ones."""
