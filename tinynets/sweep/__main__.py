"""`python -m tinynets.sweep`; workers import the app by its own name."""

from tinynets.sweep.app import main

main()
