"""`python -m helpers.course`: build the student notebooks, edit and save solutions, grade, bench."""

import argparse
import sys
from pathlib import Path

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
    grade = commands.add_parser("grade", help="grade a folder that has a folder for each student")
    grade.add_argument("folder", type=Path, help="the submissions")
    grade.add_argument("--out", type=Path, help="where the grades go; default: FOLDER-grades")
    grade.add_argument("--seed", type=int, default=0, help="other than 0: fresh random inputs")
    grade.add_argument("--jobs", type=int, help="how many at once; default: one a core")
    grade.add_argument("--seconds", type=float, default=300.0, help="for one notebook in all")
    grade.add_argument("--memory", type=int, default=4096, help="megabytes for one notebook")
    bench = commands.add_parser("bench", help="time the hot loops against torch")
    bench.add_argument("only", nargs="?", default="", help="a part of the names, as conv")
    bench.add_argument("--rounds", type=int, default=7, help="7 or more")
    bench.add_argument("--scaling", action="store_true", help="how the cost grows with the sizes")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except (build.BuildError, files.NotebookError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(options) -> int:
    if options.command == "bench":
        from helpers.course import bench

        bench.main(options.rounds, options.only, options.scaling)
        return 0
    if options.command == "notebooks":
        problems = build.build(check=options.check, force=options.force)
        print("\n".join(problems) or "notebooks/ is what solutions/ generates.")
        return 1 if problems else 0
    if options.command == "grade":
        return _grade(options)
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


def _grade(options) -> int:
    from helpers.course import grade, grade_limits

    limits = grade_limits.Limits(seconds=options.seconds, memory_mb=options.memory)
    try:
        out = grade.grade(
            options.folder, options.out, jobs=options.jobs, seed=options.seed, limits=limits
        )
    except KeyboardInterrupt:
        print("Stopped. To go on, run the same command again.", file=sys.stderr)
        return 130
    print(f"{out / 'grades.csv'}\n{out / 'points.csv'}\n{out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
