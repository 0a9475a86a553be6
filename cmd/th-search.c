/*
 * th-search -- finds items and triggers again
 *
 * It starts in a moment, as it links nothing that speaks HTTP: with an engine
 * elsewhere th-search-http goes on.
 */
#include "search.h"

int
main(int argc, char *argv[])
{
	return search_main(argc, argv, NULL);
}
