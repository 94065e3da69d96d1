"""The stand-in for the RareBooks backend."""
