// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace damfs::worker {

// A value of an XMP packet: text, a list whose items are called "rdf:li", or a structure of named fields.
struct XmpNode {
  std::string name;  // with the prefix that its namespace usually has: "dc:subject"
  std::string text;
  std::string lang;  // of an item of an alternative: "x-default", "de-AT"
  bool is_list = false;
  std::vector<XmpNode> children;

  const XmpNode* field(std::string_view name) const;
  std::string text_of(std::string_view name) const;  // a field's, empty when there is none
};

// What a packet says (ISO 16684-1). It is read as it comes, also where it breaks rules: of a property that stands twice
// lists add up and the last text counts, and what is no property is left out. Namespaces that nobody declared are taken
// by their prefixes.
class Xmp {
 public:
  // UTF-8, UTF-16, and what XML declares or, failing that, is taken for Windows-1252; with or without its wrapper
  // (xpacket, x:xmpmeta). Whatever stands before the first fault that cannot be mended is there.
  static Xmp parse(std::string_view packet);

  // What another packet of the same file says: what it says otherwise does not count.
  void add(Xmp other);

  bool empty() const { return properties_.empty(); }
  const std::string& problem() const { return problem_; }  // what kept it from being read to its end; empty: nothing
  const std::vector<XmpNode>& properties() const { return properties_; }

  const XmpNode* find(std::string_view name) const;
  // Of an alternative the default, else the first that says something; of a list the first item.
  std::string text(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;  // a single text is a list of one

 private:
  friend class XmpReader;
  std::vector<XmpNode> properties_;
  std::string problem_;
};

// Whether these are the first bytes of a packet that stands by itself, as sidecars hold it.
bool looks_like_xmp(std::string_view head);

}  // namespace damfs::worker
