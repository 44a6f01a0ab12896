#pragma once
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

/* xmlFree is a global function pointer, which Swift cannot read safely. */
static inline void spool_xml_free(void *memory) { xmlFree(memory); }
