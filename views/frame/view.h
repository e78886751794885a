// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model/read/reader.h"
#include "catalog/model/write/writer.h"
#include "views/frame/beside.h"
#include "views/frame/node.h"

namespace damfs {

// A way to browse: truth as folders of assets. A folder of it is named by a key of the view's own (64 bits,
// 0 for its top), which must say everything: views hold no state and no folder is ever stored. The defaults
// show the catalog's group that `group_of` names; a view overrides what differs. Thread-safe, as the readers
// are the callers'.
class View {
 public:
  struct Group {
    Grouping grouping;
    int64_t key;
  };

  // `code`: one of ViewCode (numbers.h). `name` is its folder in the mount. Its folders are the groups of `grouping`.
  View(unsigned code, std::string_view name, Grouping grouping) : code_(code), name_(name), grouping_(grouping) {}
  virtual ~View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  unsigned code() const { return code_; }
  std::string_view name() const { return name_; }

  // A folder by its number: its view's code and its key.
  struct Place {
    unsigned view = 0;
    int64_t key = 0;
  };

  // The group behind a folder's key, and back. Empty: that group has no folder here.
  virtual Group group_of(int64_t key) const { return {grouping_, key == 0 ? top_key(grouping_) : key}; }
  virtual std::optional<int64_t> key_of(Group group) const;

  // Where the folder above a folder stands: in this view, unless it hangs below another's.
  virtual Place above(const GroupRow& row) const { return {code_, row.parent}; }
  // What must live as long as any node of that folder.
  virtual std::shared_ptr<const void> hold(int64_t key) const {
    (void)key;
    return nullptr;
  }
  // Whether the kernel may cache that a name does not exist: when one appears, its entry is invalidated.
  virtual bool may_cache_absence() const { return true; }
  // Whether the kernel may cache the entries of that folder: every one that changes is invalidated. False: their
  // timeout is 0.
  virtual bool may_cache_names(Reader& reader, int64_t key) const {
    (void)reader, (void)key;
    return true;
  }

  // What stands beside each asset here. Null: nothing does.
  virtual const Beside* beside() const { return nullptr; }
  // Whether it is shown below previews/ and proxies/ too. A view with files beside its assets is not: it would show the
  // same as the view without them.
  bool is_seen_through(const Lens& lens) const { return lens.code() == 0 || beside() == nullptr; }

  // The extended attributes of a folder itself. Any other one that is set on a folder is set on all assets in it.
  virtual std::span<const std::string_view> folder_xattrs() const { return {}; }
  virtual std::optional<std::string> folder_xattr(Reader& reader, int64_t key, std::string_view name) const;
  // One of folder_xattrs(); empty: it is taken away.
  virtual void set_folder_xattr(Writer& writer, int64_t key, std::string_view name, std::string_view value) const;

  // A folder itself; its `parent` is a key of this view. Empty: gone.
  virtual std::optional<GroupRow> folder(Reader& reader, int64_t key) const;
  virtual std::optional<GroupRow> find_folder(Reader& reader, int64_t key, std::string_view name) const;
  virtual void folders(Reader& reader, int64_t key, int64_t after, const Reader::GroupVisitor& visit) const;
  virtual std::optional<FoundAsset> find_asset(Reader& reader, int64_t key, std::string_view name) const;
  // Likewise, where nothing is written to what is found: where a view tells spellings apart, what is spelled exactly so
  // comes first, else the other spelling finds it.
  virtual std::optional<GroupRow> find_folder_of_any_spelling(Reader& reader, int64_t key, std::string_view name) const;
  virtual std::optional<FoundAsset> find_asset_of_any_spelling(Reader& reader, int64_t key,
                                                               std::string_view name) const;
  virtual std::vector<FoundAsset> assets_with_stem(Reader& reader, int64_t key, std::string_view stem) const;
  virtual void assets(Reader& reader, int64_t key, int64_t after, const Reader::AssetVisitor& visit) const;

  // --- What plain tools' acts mean here. The defaults refuse with EROFS. A folder's key is checked by the callers. ---

  enum class Filing : uint8_t {
    kNone,    // takes no files
    kAtOnce,  // the name says where a file belongs
    kByDate,  // new bytes are filed under originals/ by capture date, so they must be looked at before
  };
  virtual Filing filing() const { return Filing::kNone; }
  // Throws EROFS where files cannot be put, EPERM for a folder that holds only folders.
  virtual void require_takes_files(Reader& reader, int64_t key) const;
  // A file was closed there.
  struct Sealed {
    int64_t asset = 0;      // what it became
    bool is_shown = false;  // the name shows that very version from now on
  };
  virtual Sealed seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const;
  // The asset gets a place in that folder, or leaves it.
  virtual void add(Writer& writer, int64_t key, std::string_view name, int64_t asset) const;
  virtual void remove(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset) const;
  // Within this view; `over` has the new name. True: the new name shows the very version that the old one showed.
  virtual bool move(Writer& writer, const Actor& actor, int64_t key, const FoundAsset& asset, int64_t to_key,
                    std::string_view to, const std::optional<FoundAsset>& over) const;
  // mv into a folder here from one of another view. By default as `ln`, and then the source is removed, where `from`
  // says is_removed_by_move().
  virtual void take(Writer& writer, const Actor& actor, const View& from, int64_t from_key, const FoundAsset& asset,
                    int64_t key, std::string_view name) const;
  virtual bool is_removed_by_move() const { return true; }
  virtual int64_t make_folder(Writer& writer, int64_t key, std::string_view name) const;
  virtual void remove_folder(Writer& writer, int64_t key) const;
  // With all folders below it; what was in them stays in the library.
  virtual void remove_all(Writer& writer, int64_t key) const;
  virtual void move_folder(Writer& writer, int64_t key, int64_t to_key, std::string_view name) const;
  // What chmod, chown and utimens do to a folder here.
  virtual void set_folder(Writer& writer, int64_t key, const AttributeChange& change) const;

  // Every (folder key, name) that the asset has in this view.
  using NameVisitor = std::function<void(int64_t key, std::string_view name)>;
  virtual void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const;
  // Those of them in one folder.
  virtual void names_in(Reader& reader, int64_t key, const FoundAsset& asset, const NameVisitor& visit) const;

 private:
  const unsigned code_;
  const std::string_view name_;
  const Grouping grouping_;
};

// A view whose folders are rows of a stored tree, and can be made, moved and removed.
class TreeView : public View {
 public:
  using View::View;
  int64_t make_folder(Writer& writer, int64_t key, std::string_view name) const override;
  void remove_folder(Writer& writer, int64_t key) const override;
  void move_folder(Writer& writer, int64_t key, int64_t to_key, std::string_view name) const override;
  void set_folder(Writer& writer, int64_t key, const AttributeChange& change) const override;
};

Ownership ownership_of(const AttributeChange& change);

// The ways to browse, in the order the mount lists them.
std::vector<std::unique_ptr<View>> make_views();

}  // namespace damfs
