"""Start the command: `python -m polyarb.cli`."""

from polyarb.cli.main import main

if __name__ == "__main__":
    main()
