"""Finding what is wrong with the sync, or soon will be; saying what it means and what to do; mending what is safe."""
