"""Solvers that need numpy, numba or HiGHS. Import them only where they are used."""
