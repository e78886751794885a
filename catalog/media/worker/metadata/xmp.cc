// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/metadata/xmp.h"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "catalog/media/worker/metadata/xmp_names.h"
#include "catalog/media/worker/metadata/xmp_text.h"

namespace damfs::worker {
namespace {

constexpr size_t kDeepestElement = 64;
constexpr size_t kMostElements = 200'000;

struct ParserFree {
  void operator()(XML_Parser parser) const { ::XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserFree>;

// An element as it stands in the document.
struct Element {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;  // without xmlns
  std::vector<Element> children;
  std::string text;

  const std::string* attribute(std::string_view wanted) const {
    for (const auto& [key, value] : attributes) {
      if (key == wanted) return &value;
    }
    return nullptr;
  }
};

// Builds the elements; what is too deep or too many is left out.
class Builder {
 public:
  Builder() { open_.push_back(&root_); }

  // False: it is malformed, and `root()` has what stood before.
  bool parse(const std::string& document, std::string& problem) {
    const Parser parser(::XML_ParserCreate("UTF-8"));
    if (parser == nullptr) throw std::bad_alloc();
    parser_ = parser.get();
    ::XML_SetUserData(parser.get(), this);
    ::XML_SetElementHandler(parser.get(), on_start, on_end);
    ::XML_SetCharacterDataHandler(parser.get(), on_text);
    // No packet defines words of its own, and none is to be blown up by them.
    ::XML_SetEntityDeclHandler(parser.get(), on_entity);
    const auto size = static_cast<int>(std::min<size_t>(document.size(), 1U << 30));
    if (::XML_Parse(parser.get(), document.data(), size, 1) == XML_STATUS_OK) return true;
    const XML_Error error = ::XML_GetErrorCode(parser.get());
    // What stands behind a packet is padding or junk.
    if (error == XML_ERROR_JUNK_AFTER_DOC_ELEMENT) return true;
    problem = ::XML_ErrorString(error);
    return false;
  }

  const Element& root() const { return root_; }

 private:
  static Builder& of(void* self) { return *static_cast<Builder*>(self); }

  static void on_start(void* self, const XML_Char* name, const XML_Char** attributes) {
    of(self).start(name, attributes);
  }
  static void on_end(void* self, const XML_Char*) { of(self).end(); }
  static void on_text(void* self, const XML_Char* text, int size) {
    Builder& builder = of(self);
    if (builder.skipped_ == 0) builder.open_.back()->text.append(text, static_cast<size_t>(size));
  }
  static void on_entity(void* self, const XML_Char*, int, const XML_Char*, int, const XML_Char*, const XML_Char*,
                        const XML_Char*, const XML_Char*) {
    ::XML_StopParser(of(self).parser_, XML_FALSE);
  }

  void start(std::string_view name, const XML_Char** attributes) {
    if (skipped_ > 0 || open_.size() > kDeepestElement || ++nodes_ > kMostElements) {
      ++skipped_;
      return;
    }
    scopes_.push_back(bound_.size());
    for (const XML_Char** at = attributes; at[0] != nullptr; at += 2) {
      const std::string_view key(at[0]);
      if (key == "xmlns") bound_.emplace_back("", at[1]);
      if (key.starts_with("xmlns:")) bound_.emplace_back(key.substr(6), at[1]);
    }
    Element& element = open_.back()->children.emplace_back();
    element.name = resolved(name);
    for (const XML_Char** at = attributes; at[0] != nullptr; at += 2) {
      const std::string_view key(at[0]);
      if (!key.starts_with("xmlns") && ++nodes_ <= kMostElements) element.attributes.emplace_back(resolved(key), at[1]);
    }
    open_.push_back(&element);
  }

  void end() {
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    open_.pop_back();
    bound_.resize(scopes_.back());
    scopes_.pop_back();
  }

  std::string resolved(std::string_view name) const {
    const size_t colon = name.find(':');
    const std::string_view prefix = colon == name.npos ? std::string_view() : name.substr(0, colon);
    const std::string_view local = colon == name.npos ? name : name.substr(colon + 1);
    const auto bound =
        std::find_if(bound_.rbegin(), bound_.rend(), [&](const auto& binding) { return binding.first == prefix; });
    const std::string_view usual = bound == bound_.rend() ? std::string_view() : usual_prefix(bound->second);
    std::string out(usual.empty() ? prefix : usual);
    if (!out.empty()) out += ':';
    return out += local;
  }

  Element root_;
  XML_Parser parser_ = nullptr;
  std::vector<Element*> open_;  // an element has no new sibling while it is open, so that it stays where it is
  std::vector<size_t> scopes_;
  std::vector<std::pair<std::string, std::string>> bound_;
  size_t skipped_ = 0;
  size_t nodes_ = 0;
};

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
}

bool is_of_syntax(std::string_view name) { return name.starts_with("rdf:") || name.starts_with("xml:"); }

}  // namespace

// What the elements mean, by the rules of RDF as XMP uses it and by what programs make of them.
class XmpReader {
 public:
  explicit XmpReader(Xmp& out) : out_(out) {}

  // The descriptions wherever they stand: in rdf:RDF, and that anywhere.
  void read(const Element& element) {
    for (const Element& child : element.children) {
      if (child.name == "rdf:Description" && (element.name == "rdf:RDF" || element.name.empty())) {
        read_fields(child, out_.properties_);
      } else {
        read(child);
      }
    }
  }

 private:
  static void read_fields(const Element& of, std::vector<XmpNode>& into) {
    for (const auto& [name, value] : of.attributes) {
      if (!is_of_syntax(name) && name.find(':') != name.npos) add({name, trimmed(value), {}, false, {}}, into);
    }
    for (const Element& child : of.children) {
      // What is no property, such as an rdf:li without a list.
      if (!is_of_syntax(child.name) && child.name.find(':') != child.name.npos) add(value_of(child), into);
    }
  }

  static XmpNode value_of(const Element& element) {
    XmpNode node;
    node.name = element.name;
    if (const std::string* lang = element.attribute("xml:lang")) node.lang = *lang;
    if (const std::string* resource = element.attribute("rdf:resource")) node.text = *resource;
    for (const Element& child : element.children) {
      if (child.name == "rdf:Bag" || child.name == "rdf:Seq" || child.name == "rdf:Alt") {
        node.is_list = true;
        for (const Element& item : child.children) {
          if (item.name == "rdf:li") node.children.push_back(value_of(item));
        }
      } else if (child.name == "rdf:Description") {
        read_fields(child, node.children);
        take_value(child, node);
      }
    }
    if (node.is_list) return node;
    read_fields(element, node.children);
    take_value(element, node);
    if (node.children.empty() && node.text.empty()) node.text = trimmed(element.text);
    return node;
  }

  // A value that has qualifiers stands in rdf:value.
  static void take_value(const Element& element, XmpNode& node) {
    if (const std::string* value = element.attribute("rdf:value")) node.text = trimmed(*value);
    for (const Element& child : element.children) {
      if (child.name == "rdf:value") node.text = trimmed(child.text);
    }
  }

  static void add(XmpNode node, std::vector<XmpNode>& into) {
    const auto same =
        std::find_if(into.begin(), into.end(), [&](const XmpNode& other) { return other.name == node.name; });
    if (same == into.end()) {
      into.push_back(std::move(node));
    } else if (same->is_list && node.is_list) {
      std::move(node.children.begin(), node.children.end(), std::back_inserter(same->children));
    } else if (node.is_list || !node.text.empty() || !node.children.empty()) {
      *same = std::move(node);
    }
  }

  Xmp& out_;
};

const XmpNode* XmpNode::field(std::string_view wanted) const {
  const auto found =
      std::find_if(children.begin(), children.end(), [&](const XmpNode& child) { return child.name == wanted; });
  return found == children.end() ? nullptr : &*found;
}

std::string XmpNode::text_of(std::string_view wanted) const {
  const XmpNode* found = field(wanted);
  return found == nullptr ? std::string() : found->text;
}

Xmp Xmp::parse(std::string_view packet) {
  Xmp xmp;
  Builder builder;
  builder.parse(mended_xml(packet), xmp.problem_);
  XmpReader(xmp).read(builder.root());
  return xmp;
}

void Xmp::add(Xmp other) {
  for (XmpNode& property : other.properties_) {
    const auto same = std::find_if(properties_.begin(), properties_.end(),
                                   [&](const XmpNode& known) { return known.name == property.name; });
    if (same == properties_.end()) {
      properties_.push_back(std::move(property));
    } else if (same->is_list && property.is_list) {
      std::move(property.children.begin(), property.children.end(), std::back_inserter(same->children));
    }
  }
}

const XmpNode* Xmp::find(std::string_view name) const {
  const auto found = std::find_if(properties_.begin(), properties_.end(),
                                  [&](const XmpNode& property) { return property.name == name; });
  return found == properties_.end() ? nullptr : &*found;
}

std::string Xmp::text(std::string_view name) const {
  const XmpNode* node = find(name);
  if (node == nullptr) return {};
  if (!node->is_list) return node->text;
  const XmpNode* first = nullptr;
  for (const XmpNode& item : node->children) {
    if (item.text.empty()) continue;
    if (item.lang == "x-default") return item.text;
    if (first == nullptr) first = &item;
  }
  return first == nullptr ? std::string() : first->text;
}

std::vector<std::string> Xmp::list(std::string_view name) const {
  const XmpNode* node = find(name);
  if (node == nullptr) return {};
  if (!node->is_list) return node->text.empty() ? std::vector<std::string>() : std::vector{node->text};
  std::vector<std::string> items;
  for (const XmpNode& item : node->children) {
    if (!item.text.empty()) items.push_back(item.text);
  }
  return items;
}

bool looks_like_xmp(std::string_view head) {
  constexpr size_t kEnough = 4096;
  const size_t begin = head.find_first_not_of(" \t\r\n");
  // Most files are told by their first byte.
  if (begin == head.npos || std::string_view("<\xEF\xFE\xFF\0", 5).find(head[begin]) == head.npos) return false;
  const std::string text = mended_xml(head.substr(0, kEnough));
  std::string_view rest = text;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    if (!rest.starts_with("<!--")) break;
    rest.remove_prefix(std::min(rest.find("-->"), rest.size() - 3) + 3);
  }
  return rest.starts_with("<?xpacket") || rest.starts_with("<x:xmpmeta") || rest.starts_with("<x:xapmeta") ||
         (rest.starts_with("<rdf:RDF") && rest.find("22-rdf-syntax-ns") != rest.npos);
}

}  // namespace damfs::worker
