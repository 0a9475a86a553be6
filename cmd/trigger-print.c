/* trigger-print -- the lines that make cron or systemd drive it all */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "triggers.h"

static void
add_self(struct th_buf *b)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	th_shell_quote(th_str(n > 0 ? path : "th-trigger"), b);
}

static void
print(struct th_buf *b)
{
	cmd_check(b->status, NULL);
	th_out_write(&cmd_out, th_buf_str(b));
	th_buf_release(b);
}

/* In a crontab a percent sign is a newline unless there is a backslash. */
void
trigger_crontab(struct triggers *c)
{
	const char *home = getenv("TH_HOME");
	struct th_buf line, b;
	size_t i;

	(void)c;
	th_buf_init(&line, TRIGGER_SCRIPT_MAX);
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	th_buf_adds(&line, "* * * * * ");
	if (home != NULL && home[0] != '\0') {
		th_buf_adds(&line, "TH_HOME=");
		th_shell_quote(th_str(home), &line);
		th_buf_addc(&line, ' ');
	}
	add_self(&line);
	th_buf_adds(&line, " run --due --quiet\n");
	for (i = 0; i < line.len; i++) {
		if (line.data[i] == '%')
			th_buf_addc(&b, '\\');
		th_buf_addc(&b, line.data[i]);
	}
	th_buf_release(&line);
	print(&b);
}

void
trigger_systemd(struct triggers *c)
{
	const char *home = getenv("TH_HOME");
	struct th_buf b;

	(void)c;
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	th_buf_adds(&b,
	    "# ~/.config/systemd/user/th-trigger.service\n"
	    "[Unit]\n"
	    "Description=Run the triggers that are due\n"
	    "Documentation=man:th-trigger(1)\n"
	    "\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "# A unit of its own each minute: one that hangs delays no other.\n"
	    "ExecStart=systemd-run --user --collect --quiet");
	if (home != NULL && home[0] != '\0') {
		th_buf_adds(&b, " --setenv=TH_HOME=");
		th_shell_quote(th_str(home), &b);
	}
	th_buf_addc(&b, ' ');
	add_self(&b);
	th_buf_adds(&b,
	    " run --due\n"
	    "\n"
	    "# ~/.config/systemd/user/th-trigger.timer\n"
	    "# then: systemctl --user enable --now th-trigger.timer\n"
	    "[Unit]\n"
	    "Description=Every minute, the triggers that are due\n"
	    "\n"
	    "[Timer]\n"
	    "OnCalendar=*:0/1\n"
	    "AccuracySec=1s\n"
	    "Persistent=true\n"
	    "\n"
	    "[Install]\n"
	    "WantedBy=timers.target\n");
	print(&b);
}
