# process.sh RULES UPLOADS OUTPUT: scans each uploaded file and writes what is safe, as text with Unix line ends, to OUTPUT.
# Ends with 3 at the first file that a rule matches. It may have written others by then: they are not committed.
set -eu
for file in "$2"/*; do
  name=${file##*/}
  found=$(yara --no-warnings "$1" "$file")
  if [ -n "$found" ]; then
    echo "$name: stopped, ${found%% *}" >&2
    exit 3
  fi
  tr -d '\r' <"$file" >"$3/$name"
  echo "$name: $(wc -l <"$3/$name") lines"
done
