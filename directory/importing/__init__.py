"""Loading people and companies from files, on the ground of ``common.importing``.

``words`` reads what sources write into a cell; ``columns`` says what a column can become; ``reading`` makes entries of
rows, or says why not; ``carrying`` loads them, piece by piece, as a job, and removes a source again.
"""
