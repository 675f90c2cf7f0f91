"""The tracking service of a project as a process of its own, for the stage."""

import sys
from pathlib import Path

from campanile.web.serve import serve_tracking

if __name__ == "__main__":
    serve_tracking(Path(sys.argv[1]), port=int(sys.argv[2]))
