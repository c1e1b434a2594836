#!/usr/bin/env bash
# Uploaded files are scanned and processed by a task that may read them, and write to one temporary folder. A virus among
# them stops it, and nothing of the whole batch is committed.
. "$(dirname "$0")/../session.sh"
command -v yara >/dev/null || { echo "skipped: yara is not here (packages.txt)"; exit 77; }
cp "$EXAMPLES/files/known.yar" "$EXAMPLES/files/process.sh" . && mkdir uploads output
printf 'one\r\ntwo\r\n' >uploads/a.txt
printf 'three\n' >uploads/b.txt
RUN="writ run --grant file.read:known.yar --grant file.read:uploads/ --workspace output process.sh \$PWD/known.yar"

say "A batch of files. The task is granted the rules, the uploads for reading, and the output folder for writing."
expect 0 "writ init"
expect 0 "$RUN \$PWD/uploads \$PWD/output"
expect 0 "ls output; od -c output/a.txt | head -n 1"

say "A virus in the next batch: the test file of EICAR, which is harmless."
# In two pieces, so that this script is not taken for it.
expect 0 "rm output/*; printf '%s%s' 'X5O!P%@AP[4\\PZX54(P^)7CC)7}\$EICAR-STANDARD' '-ANTIVIRUS-TEST-FILE!\$H+H*' >uploads/c.com"
expect 3 "$RUN \$PWD/uploads \$PWD/output"
expect 0 "test -z \"\$(ls output)\""

say "Output goes there and nowhere else, whatever the program is told."
expect 0 "rm uploads/c.com"
expect 2 "$RUN \$PWD/uploads \$PWD/uploads"
expect 0 "ls uploads"
expect 0 "writ tasks"
