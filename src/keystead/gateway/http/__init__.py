"""HTTP for the API and the HTTP doors: uvicorn's protocol made strict, and the listeners that carry it."""
