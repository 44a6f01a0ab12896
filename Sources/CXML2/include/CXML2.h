#pragma once
#include <stdbool.h>
#include <stddef.h>

/* As much of libxml2 as reading a document takes, without its headers, which
   only pkg-config finds. libxml2 is loaded by the first parse. */

struct spool_xml_document;
struct spool_xml_node;
struct spool_xml_attribute;

/* Parses with no network, no entities, no DTD: parsing ends where one begins,
   `has_document_type` tells. NULL when the document is not well-formed. To be
   freed with spool_xml_free. */
struct spool_xml_document *spool_xml_parse(
    const void *bytes, size_t count, bool *has_document_type);
void spool_xml_free(struct spool_xml_document *document);

/* NULL for a document without one. */
const struct spool_xml_node *spool_xml_root(const struct spool_xml_document *document);

/* What is inside lives as long as the document. NULL at the end of a list. */
const struct spool_xml_node *spool_xml_first_child(const struct spool_xml_node *node);
const struct spool_xml_node *spool_xml_next(const struct spool_xml_node *node);
bool spool_xml_is_element(const struct spool_xml_node *node);
const char *spool_xml_name(const struct spool_xml_node *node);
/* Of a text or CDATA section; NULL for any other node. */
const char *spool_xml_text(const struct spool_xml_node *node);

const struct spool_xml_attribute *spool_xml_first_attribute(const struct spool_xml_node *node);
const struct spool_xml_attribute *spool_xml_next_attribute(
    const struct spool_xml_attribute *attribute);
const char *spool_xml_attribute_name(const struct spool_xml_attribute *attribute);
/* To be freed with free(). */
char *spool_xml_attribute_value(const struct spool_xml_attribute *attribute);
