"""`python -m benchmarks`: the one benchmark so far."""

from benchmarks.landing import main

if __name__ == "__main__":
    main()
