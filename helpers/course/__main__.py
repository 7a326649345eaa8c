"""`python -m helpers.course`: build the student notebooks, edit and save solutions."""

import argparse
import sys

from helpers.course import build, files


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0, or 1 after a sentence that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m helpers.course", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("notebooks", help="make notebooks/ out of solutions/")
    make.add_argument("--check", action="store_true", help="only say what differs")
    make.add_argument("--force", action="store_true", help="move filled notebooks aside")
    for word, text in (("edit", "solution to script"), ("save", "script to solution, executed")):
        sub = commands.add_parser(word, help=text)
        sub.add_argument("name", help="a notebook's name or number, as 01")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except (build.BuildError, files.NotebookError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(options) -> int:
    if options.command == "notebooks":
        problems = build.build(check=options.check, force=options.force)
        print("\n".join(problems) or "notebooks/ is what solutions/ generates.")
        return 1 if problems else 0
    from helpers.course import author

    known = {*files.names(), *(p.stem for p in author.SCRIPTS.glob("[0-9][0-9]_*.py"))}
    found = sorted(name for name in known if name.startswith(options.name))
    if len(found) != 1:
        raise files.NotebookError(f"no single notebook is called {options.name}: {sorted(known)}")
    if options.command == "edit":
        print(f"edit {author.edit(found[0]).relative_to(files.ROOT)}, then `save {found[0][:2]}`.")
    else:
        author.save(found[0])
        print("\n".join(build.build()) or f"{found[0]}: executed, saved, notebooks/ generated.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
