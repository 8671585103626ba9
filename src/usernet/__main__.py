"""``python -m usernet`` is the program ``usernet``."""

from usernet.programs.main import main

main()
