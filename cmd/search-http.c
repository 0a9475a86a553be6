/* search-http -- th-search with an engine elsewhere: th-search-http */
#include "search.h"

int
main(int argc, char *argv[])
{
	return search_main(argc, argv, &th_search_elastic);
}
