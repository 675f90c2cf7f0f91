"""`python -m campanile.demo`, which is what `campanile demo` starts."""

from campanile.demo.main import main

if __name__ == "__main__":
    main()
