"""`python -m opsterm.tui`."""

import sys

from opsterm.tui.cli import main

sys.exit(main())
