# bash completion for Trigger Happy: `th-NAME --complete WORD...` prints what the
# last word could be, a line each, with a tab and help behind it.
_th_complete() {
	local word words=() candidate cur=${COMP_WORDS[COMP_CWORD]} open= i
	# Bash breaks words at = and :, which here are inside of them.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	[[ $cur != [\'\"]* ]] || open=1
	cur=${words[-1]//[\\\'\"]/}
	words=("${words[@]//[\\\'\"]/}")
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		if [[ $open ]]; then
			[[ $candidate != *[\'\"\$\`\\!]* ]] || continue
		else # only what follows the last = or : is replaced
			candidate=${candidate#"${cur%"${cur##*[=:]}"}"}
			printf -v candidate %q "$candidate"
			candidate=${candidate//\\,/,}
		fi
		COMPREPLY+=("$candidate")
	done < <("$1" --complete "${words[@]}" 2>/dev/null)
}
complete -o default -F _th_complete th-auth th-fetch th-filter th-publish \
    th-queue th-rss th-search th-trigger
