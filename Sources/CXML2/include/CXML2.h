#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The part of libxml2 that reads a document, without its headers, which only
   pkg-config finds. libxml2 is loaded by the first parse. */

struct spool_xml_document;
struct spool_xml_node;
struct spool_xml_attribute;

/* Parses without network, entities and DTD. A document type declaration ends
   the parsing and sets `has_document_type`. NULL when the document is not
   well-formed. Free the result with spool_xml_free. */
struct spool_xml_document *spool_xml_parse(
    const void *bytes, size_t count, bool *has_document_type);
void spool_xml_free(struct spool_xml_document *document);

/* NULL for a document without a root element. */
const struct spool_xml_node *spool_xml_root(const struct spool_xml_document *document);

/* Nodes live as long as their document. NULL at the end of a list. */
const struct spool_xml_node *spool_xml_first_child(const struct spool_xml_node *node);
const struct spool_xml_node *spool_xml_next(const struct spool_xml_node *node);
bool spool_xml_is_element(const struct spool_xml_node *node);
const char *spool_xml_name(const struct spool_xml_node *node);
/* Content of a text node or CDATA section; NULL for any other node. */
const char *spool_xml_text(const struct spool_xml_node *node);

const struct spool_xml_attribute *spool_xml_first_attribute(const struct spool_xml_node *node);
const struct spool_xml_attribute *spool_xml_next_attribute(
    const struct spool_xml_attribute *attribute);
const char *spool_xml_attribute_name(const struct spool_xml_attribute *attribute);
/* Free the result with free(). */
char *spool_xml_attribute_value(const struct spool_xml_attribute *attribute);
