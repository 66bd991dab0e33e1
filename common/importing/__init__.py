"""Importing records from a CSV file.

``files`` reads what was uploaded, ``keeping`` holds it in pieces of rows; ``targets`` says which columns can become
which fields and proposes them; ``cells`` turns texts into values, ``references`` finds the rows that they name;
``planning`` decides what becomes of each row; ``carrying`` writes it, piece by piece, as a job. ``kinds`` is what each
app says of its own.
"""
