"""`python -m mailsurgeon`: the same as the command."""

from mailsurgeon.cli import main

if __name__ == "__main__":
    main()
