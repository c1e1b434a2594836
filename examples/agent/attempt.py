"""attempt.py N: makes the N-th small edit to the program in the working folder and runs its tests.

Ends with 0 if they pass, with 1 if they do not, with 2 if there is no N-th edit. It is what an agent would have written: it
is not trusted, and runs as a task.
"""
import io
import itertools
import pathlib
import subprocess
import sys
import tokenize

INSTEAD = {
    "<": [">", "<="], "<=": ["<", ">="], ">": ["<", ">="], ">=": [">", "<="], "==": ["!="], "!=": ["=="],
    "+": ["-"], "-": ["+"], "and": ["or"], "or": ["and"], "min": ["max"], "max": ["min"],
}


def edits(folder):
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("test_"):
            continue
        text = path.read_text()
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            for other in INSTEAD.get(token.string, []):
                yield path, text, token, other


def main(number):
    edit = next(itertools.islice(edits(pathlib.Path(".")), number, None), None)
    if edit is None:
        return 2
    path, text, token, other = edit
    lines = text.splitlines(keepends=True)
    row, column = token.start
    line = lines[row - 1]
    lines[row - 1] = line[:column] + other + line[column + len(token.string):]
    path.write_text("".join(lines))
    print(f"{path}:{row}: {token.string} becomes {other}")
    return 0 if subprocess.run([sys.executable, "-B", "-m", "unittest", "-q"]).returncode == 0 else 1


sys.exit(main(int(sys.argv[1])))
