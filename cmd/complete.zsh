#compdef th-auth th-fetch th-filter th-publish th-queue th-rss th-search th-trigger
# zsh completion for Trigger Happy: `th-NAME --complete WORD...` prints what the
# last word could be, a line each, with a tab and help behind it.
local line
local -a found before
before=("${(@Q)words[2,CURRENT-1]}")
for line in "${(@f)$($words[1] --complete "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
	[[ -z $line ]] || found+=("${${line%%$'\t'*}//:/\\:}:${${line#*$'\t'}//:/\\:}")
done
if (( $#found )); then
	_describe ${${(M)PREFIX:#-*}:+-o} "$service" found
else
	[[ $PREFIX != --*=* ]] || compset -P 1 '*='
	_files
fi
