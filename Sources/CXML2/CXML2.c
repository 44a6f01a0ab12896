#include "CXML2.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdlib.h>

#include "CLazy.h"

static struct spool_library library = {"libxml2.so.2", NULL};

SPOOL_LAZY(library, xmlParserCtxtPtr, xmlNewParserCtxt, (void), ())
SPOOL_LAZY(library, void, xmlFreeParserCtxt, (xmlParserCtxtPtr context), (context))
SPOOL_LAZY(
    library, xmlDocPtr, xmlCtxtReadMemory,
    (xmlParserCtxtPtr context, const char *bytes, int count, const char *url,
     const char *encoding, int options),
    (context, bytes, count, url, encoding, options))
SPOOL_LAZY(library, xmlNodePtr, xmlDocGetRootElement, (const xmlDoc *document), (document))
SPOOL_LAZY(library, void, xmlFreeDoc, (xmlDocPtr document), (document))
SPOOL_LAZY(library, xmlChar *, xmlGetProp, (const xmlNode *node, const xmlChar *name), (node, name))
SPOOL_LAZY(library, void, xmlStopParser, (xmlParserCtxtPtr context), (context))

/* libxml2 calls this at <!DOCTYPE, before it reads any entity. */
static void refuse_document_type(
    void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    xmlParserCtxtPtr parser = context;
    parser->wellFormed = 0;
    xmlStopParser(parser);
}

struct spool_xml_document *spool_xml_parse(
    const void *bytes, size_t count, bool *has_document_type) {
    *has_document_type = false;
    if (count > INT_MAX) return NULL;
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (!parser) return NULL;
    if (parser->sax) parser->sax->internalSubset = refuse_document_type;
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
    xmlDocPtr document = xmlCtxtReadMemory(parser, bytes, (int)count, NULL, NULL, options);
    *has_document_type = parser->errNo == XML_ERR_USER_STOP;
    xmlFreeParserCtxt(parser);
    if (*has_document_type && document) {
        xmlFreeDoc(document);
        document = NULL;
    }
    return (struct spool_xml_document *)document;
}

void spool_xml_free(struct spool_xml_document *document) {
    if (document) xmlFreeDoc((xmlDocPtr)document);
}

const struct spool_xml_node *spool_xml_root(const struct spool_xml_document *document) {
    return (const struct spool_xml_node *)xmlDocGetRootElement((const xmlDoc *)document);
}

static const xmlNode *as_node(const struct spool_xml_node *node) { return (const xmlNode *)node; }

const struct spool_xml_node *spool_xml_first_child(const struct spool_xml_node *node) {
    return (const struct spool_xml_node *)as_node(node)->children;
}

const struct spool_xml_node *spool_xml_next(const struct spool_xml_node *node) {
    return (const struct spool_xml_node *)as_node(node)->next;
}

bool spool_xml_is_element(const struct spool_xml_node *node) {
    return as_node(node)->type == XML_ELEMENT_NODE;
}

const char *spool_xml_name(const struct spool_xml_node *node) {
    return (const char *)as_node(node)->name;
}

const char *spool_xml_text(const struct spool_xml_node *node) {
    xmlElementType type = as_node(node)->type;
    bool is_text = type == XML_TEXT_NODE || type == XML_CDATA_SECTION_NODE;
    return is_text ? (const char *)as_node(node)->content : NULL;
}

const struct spool_xml_attribute *spool_xml_first_attribute(const struct spool_xml_node *node) {
    return (const struct spool_xml_attribute *)as_node(node)->properties;
}

const struct spool_xml_attribute *spool_xml_next_attribute(
    const struct spool_xml_attribute *attribute) {
    return (const struct spool_xml_attribute *)((const xmlAttr *)attribute)->next;
}

const char *spool_xml_attribute_name(const struct spool_xml_attribute *attribute) {
    return (const char *)((const xmlAttr *)attribute)->name;
}

/* libxml2 allocates with malloc; this program does not call xmlMemSetup. */
char *spool_xml_attribute_value(const struct spool_xml_attribute *attribute) {
    const xmlAttr *found = (const xmlAttr *)attribute;
    return (char *)xmlGetProp(found->parent, found->name);
}
