"""What the demonstration says while it works: one line for each step, with its seconds."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console


class Steps:
    """Steps on a terminal, or plain lines where there is none."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show that `title` is under way, then that it is done; gives a function for details."""
        began = time.monotonic()
        with self.console.status(title) as status:
            try:
                yield lambda detail: status.update(f"{title} [dim]{detail}[/]")
            except BaseException:
                self.console.print(f"[red]✗[/] {title}")
                raise
        self.console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")

    @contextmanager
    def watch(self, title: str) -> Iterator[Callable[[Mapping[str, str]], None]]:
        """A step whose details are a sentence for each of several names, told as they change."""
        told: dict[str, str] = {}
        began = time.monotonic()

        def tell(sentences: Mapping[str, str]) -> None:
            for name, sentence in sentences.items():
                if told.get(name) != sentence:
                    told[name] = sentence
                    self.console.print(
                        f"  [dim]{time.monotonic() - began:5.1f} s[/]  {name:14} {sentence}",
                        soft_wrap=True,
                    )

        with self.step(title):
            yield tell
