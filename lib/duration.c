/* duration -- 90s, 15m, 2h, 7d, 4w and sums of them */
#include "priv.h"

#define DAY 86400

static const struct unit {
	char name;
	int64_t seconds;
} units[] = {
	{ 'w', 7 * DAY },
	{ 'd', DAY },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

static int64_t
unit_seconds(char name)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].name == name)
			return units[i].seconds;
	return 0;
}

enum th_status
th_duration_parse(struct th_str s, int64_t *ret)
{
	const char *p = s.s, *end = p + s.len;
	int64_t sum = 0, v, unit;

	if (s.len == 0)
		return TH_EDATA;
	while (p < end) {
		if (*p < '0' || *p > '9')
			return TH_EDATA;
		for (v = 0; p < end && th_is_digit(*p); p++) {
			if (v > (INT64_MAX - 9) / 10)
				return TH_EDATA;
			v = v * 10 + (*p - '0');
		}
		unit = 1;
		if (p < end)
			unit = unit_seconds(*p++);
		else if (sum != 0) /* "1h30": thirty of what? */
			return TH_EDATA;
		if (unit == 0 || v > (INT64_MAX - sum) / unit)
			return TH_EDATA;
		sum += v * unit;
	}
	*ret = sum;
	return TH_OK;
}

enum th_status
th_duration_format(int64_t t, struct th_buf *ret)
{
	const struct unit *u = units;

	while (u->seconds > 1 && (t == 0 || t % u->seconds != 0))
		u++;
	return th_buf_addf(ret, "%lld%c", (long long)(t / u->seconds), u->name);
}
