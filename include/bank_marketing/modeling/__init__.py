"""Models: what may be chosen, how it is trained, and how it is judged. Works on the features table as a pandas DataFrame."""
