"""The services of the API, a module for each family."""
