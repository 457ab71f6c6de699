"""`python -m benchmarks`: landing; `benchmarks.extract` and `benchmarks.latency` are the others."""

from benchmarks.landing import main

if __name__ == "__main__":
    main()
