// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What people say of single assets, and the journal: writing acts down.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
bool Writer::set_rating(int64_t asset, std::optional<int64_t> rating) {
  if (rating && (*rating < -1 || *rating > 5)) fail(EINVAL, "a rating is -1 (rejected) to 5, not {}", *rating);
  if (rating) require_file(asset);
  std::optional<int64_t> before;
  {
    db::Use row(statement("rating_of_asset"));
    row->bind_all(asset);
    if (!row->step()) return false;
    if (!row->is_null(0)) before = row->integer(0);
  }
  if (before == rating) return false;
  move_asset_in_groups(asset, -1);
  statement("set_rating").bind_all(asset, rating).run();
  move_asset_in_groups(asset, +1);
  touched_assets_.try_emplace(asset, 0);
  const auto text = [](const std::optional<int64_t>& value) { return value ? std::to_string(*value) : std::string(); };
  record({Step::What::kRating, asset, 0, text(before), text(rating)});
  return true;
}

bool Writer::has_rating(int64_t asset) { return count_of("rating_of_asset", asset) != 0; }

bool Writer::has_words(Step::What what, int64_t asset) {
  return count_of(what == Step::What::kTitle ? StatementName("has_title") : StatementName("has_description"), asset) !=
         0;
}

bool Writer::set_words(Step::What what, int64_t asset, std::string_view text) {
  const bool title = what == Step::What::kTitle;
  std::string before;
  {
    db::Use row(statement(title ? StatementName("title_of_asset") : StatementName("description_of_asset")));
    row->bind_all(asset);
    if (!row->step()) return false;
    before = row->text(0);
  }
  if (before == text) return false;
  statement(title ? StatementName("set_title") : StatementName("set_description")).bind_all(asset, text).run();
  touched_assets_.try_emplace(asset, 0);
  record({what, asset, 0, std::move(before), std::string(text)});
  return true;
}

void Writer::begin(Act act) {
  act_ = std::move(act);
  act_id_ = steps_ = 0;
  if (act_->continues == 0) return;
  // Whoever took it back meanwhile meant what it was then.
  db::Use row(statement("last_step_of_act_to_go_on"));
  row->bind_all(act_->continues);
  if (!row->step() || row->is_null(0)) return;
  act_id_ = act_->continues;
  steps_ = row->integer(0);
}

void Writer::call_act(std::string_view what) {
  if (!act_ || act_id_ == 0) return;
  statement("rename_act").bind_all(act_id_, what).run();
}

// A first probe belongs to the act that brought the file: undoing that undoes both.
Act Writer::act_that_brought(int64_t asset) {
  Act act{.uid = static_cast<int64_t>(::getuid()),
          .what = fmt::format("what {} says of itself", printable(label_of(asset)))};
  db::Use row(statement("act_that_brought_asset"));
  row->bind_all(asset);
  if (!row->step()) return act;
  act.continues = row->integer(0);
  act.uid = row->integer(1);
  return act;
}

void Writer::record(const Step& step) {
  if (!act_) return;
  // A new asset leaves as a whole when the act is undone, with its places in groups: its words need no steps of their
  // own.
  const bool is_place =
      step.what == Step::What::kEntry || step.what == Step::What::kTag || step.what == Step::What::kAlbum;
  if (!is_place && new_assets_.contains(step.asset)) return;
  if (act_id_ == 0) {
    db::Use row(statement("add_act"));
    row->bind_all(now_ns_, act_->uid, std::string_view(act_->what));
    if (act_->undoes != 0) {
      row->bind(4, act_->undoes);
    } else {
      row->bind_null(4);
    }
    row->run();
    act_id_ = database_.last_insert_id();
  }
  db::Use row(statement("add_step"));
  row->bind_all(act_id_, ++steps_, static_cast<int64_t>(step.what), step.asset, step.group,
                std::string_view(step.before), std::string_view(step.after));
  row->run();
}

}  // namespace damfs
