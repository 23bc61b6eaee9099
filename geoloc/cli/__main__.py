"""Run the command line with `python -m geoloc.cli`."""

from geoloc.cli import main

main()
