// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/old_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <set>
#include <stdexcept>
#include <utility>

#include "sql.h"

namespace damfs::test {
namespace {

// "table|column=SQL;column=SQL …". A column that a version does not have is left out there.
struct Row {
  std::string_view text;
  int since = 1;
  int until = INT_MAX;
};

// What rows of a table have where they do not say otherwise.
constexpr std::string_view kUsual[] = {
    "blob|assets=0;data_bytes=NULL;added_ns=1",
    "asset|changed_ns=2;names=0;still_width=0;still_height=0;day=1036142;camera_id=NULL;rating=NULL;date_source=4;"
    "captured='2023-11-14T22:13:20';mtime_ns=1700000000000000000;clip='';camera_proxy_id=NULL;state=0;mode=NULL;"
    "uid=NULL;gid=NULL;versions=1;last_version=1;blob_id=0;reach='';is_copy=0;standing=0;came_in=NULL;came_as=NULL;"
    "names_part=0;link=NULL;data_bytes=NULL;lens_id=NULL;kind=6",
    "version|number=1;mtime_ns=1700000000000000000;added_ns=3",
    "technical|kind=6;mime='application/octet-stream';problem='';width=0;height=0;orientation=1;still_width=0;"
    "still_height=0;pages=0;duration_us=0;make='';model='';lens='';captured='';date_source=4;latitude=NULL;"
    "longitude=NULL;altitude=NULL;clip='';probe=1",
    "asset_text|title='';description=''",
    "folder|mode=NULL;uid=NULL;gid=NULL;mtime_ns=NULL;changed_ns=4",
    "tag|text=NULL;text_key=NULL;changed_ns=5",
    "album|query='';numbered=0;changed_ns=6",
    "source_file|size=10;mtime_ns=1700000000000000000;ctime_ns=7;inode=8;fingerprint=9;sha256=NULL",
    "pack_member|parent_id=7340031;type=0;method=0;size=10;stored_size=10;offset=40;crc=77;archive=NULL;mtime_ns=0;"
    "mode=NULL;path='';note='';problem='';sha256=NULL;role=0;resolution=0;material_id=NULL;by_map=0;by_material=0;"
    "mime='';still_width=0;still_height=0",
};

// 1: a photo with two states. 2: a recording, 3: the camera's proxy of it. 4: what was copied out of the archive 5. 6:
// in the trash. 7: as 4. 8: a symbolic link. 9: became 1's. 10: a file with two names.
constexpr Row kRows[] = {
    // long: a table
    {"blob|id=1;sha256=CAST(printf('%032d',1) AS BLOB);size=11"},
    {"blob|id=2;sha256=CAST(printf('%032d',2) AS BLOB);size=12"},
    {"blob|id=3;sha256=CAST(printf('%032d',3) AS BLOB);size=13;data_bytes=7"},
    {"blob|id=4;sha256=CAST(printf('%032d',4) AS BLOB);size=14"},
    {"blob|id=5;sha256=CAST(printf('%032d',5) AS BLOB);size=15"},
    {"blob|id=6;sha256=CAST(printf('%032d',6) AS BLOB);size=16"},
    {"blob|id=7;sha256=CAST(printf('%032d',7) AS BLOB);size=17"},
    {"blob|id=8;sha256=CAST(printf('%032d',8) AS BLOB);size=0", 10},
    {"blob|id=9;sha256=CAST(printf('%032d',9) AS BLOB);size=19"},
    {"location|blob_id=1;custody='object';path=''"},
    {"location|blob_id=2;custody='object';path=''"},
    {"location|blob_id=3;custody='object';path=''"},
    {"location|blob_id=4;custody='object';path=''"},
    {"location|blob_id=5;custody='object';path=''"},
    {"location|blob_id=6;custody='object';path=''"},
    {"location|blob_id=7;custody='object';path=''"},
    {"location|blob_id=8;custody='object';path=''", 10},
    {"location|blob_id=9;custody='object';path=''"},
    {"technical|blob_id=1;kind=1;make='Canon';model='EOS'"},
    {"technical|blob_id=2;kind=1;mime='image/jpeg';width=6000;height=4000;still_width=6000;still_height=4000;"
     "make='Canon';model='EOS';lens='EF 50mm';captured='2024-05-17T12:30:45';date_source=1;latitude=45.5"},
    {"technical|blob_id=3;kind=2;mime='video/quicktime';duration_us=1000000;clip='c'"},
    {"technical|blob_id=4;kind=2"},
    {"technical|blob_id=5;kind=1"},
    {"technical|blob_id=6;kind=5"},
    {"technical|blob_id=7"},
    {"technical|blob_id=8", 10},
    {"technical|blob_id=9"},
    {"technical_video|blob_id=3;codec='h264';width=1920;height=1080;aspect_num=1;aspect_den=1;rotation=0;rate_num=25;"
     "rate_den=1;variable_rate=0;frame_count=25;field_order='';pixel_format='yuv420p';color_primaries='';"
     "color_transfer='';color_space='';color_range='';timecode='';reel=''"},
    {"technical_audio|blob_id=3;codec='aac';channels=2;layout='stereo';sample_rate=48000;bit_rate=128000"},
    {"technical_sidecar|blob_id=9;words='{}'", 5},
    {"technical_words|blob_id=2;words='{\"title\":\"Lake\"}'", 9},
    {"arrival_folder|id=1;path='trip'", 9},
    {"camera|id=1;name='Canon EOS';name_key='canon eos';changed_ns=20"},
    {"lens|id=1;name='EF 50mm';name_key='ef 50mm';changed_ns=21", 12},
    {"asset|id=3;version_id=4;blob_id=4;size=14;kind=2;label='MVI.LRV';label_key='mvi.lrv'"},
    {"asset|id=1;version_id=2;blob_id=2;size=12;kind=1;still_width=6000;still_height=4000;day=1036465;camera_id=1;"
     "lens_id=1;rating=4;label='IMG.jpg';label_key='img.jpg';date_source=1;captured='2024-05-17T12:30:45';mode=384;"
     "uid=1000;gid=1000;versions=2;last_version=2;reach='1000/1000/256/0';came_in=1"},
    {"asset|id=2;version_id=3;blob_id=3;size=13;kind=2;clip='c';camera_proxy_id=3;label='MVI.MOV';label_key='mvi.mov';"
     "data_bytes=7"},
    {"asset|id=4;version_id=5;blob_id=5;size=15;kind=1;label='brick.png';label_key='brick.png'"},
    {"asset|id=5;version_id=6;blob_id=6;size=16;kind=5;label='pack.zip';label_key='pack.zip'"},
    {"asset|id=6;version_id=7;blob_id=7;size=17;label='gone.txt';label_key='gone.txt'", 1, 3},
    {"asset|id=6;version_id=7;blob_id=0;size=17;label='gone.txt';label_key='gone.txt';state=1", 4},
    {"asset|id=7;version_id=8;blob_id=5;size=15;kind=1;label='brick~2.png';label_key='brick~2.png';is_copy=1;standing="
     "1"},
    {"asset|id=8;version_id=9;blob_id=0;size=4;label='link';label_key='link';standing=2;link='../x'", 10},
    {"asset|id=9;version_id=2;blob_id=0;size=12;label='old.jpg';label_key='old.jpg';state=2;versions=0;last_version=0",
     4},
    {"asset|id=10;version_id=10;blob_id=9;size=19;label='twice.txt';label_key='twice.txt';names_part=1"},
    {"version|id=1;asset_id=1;blob_id=1"},
    {"version|id=2;asset_id=1;blob_id=2;number=2"},
    {"version|id=3;asset_id=2;blob_id=3"},
    {"version|id=4;asset_id=3;blob_id=4"},
    {"version|id=5;asset_id=4;blob_id=5"},
    {"version|id=6;asset_id=5;blob_id=6"},
    {"version|id=7;asset_id=6;blob_id=7"},
    {"version|id=8;asset_id=7;blob_id=5"},
    {"version|id=9;asset_id=8;blob_id=8", 10},
    {"version|id=10;asset_id=10;blob_id=9"},
    {"asset_text|asset_id=1;title='Lake';description='A lake'"},
    {"asset_text|asset_id=2"},
    {"asset_text|asset_id=3"},
    {"asset_text|asset_id=4"},
    {"asset_text|asset_id=5"},
    {"asset_text|asset_id=6"},
    {"asset_text|asset_id=7"},
    {"asset_text|asset_id=8", 10},
    {"asset_text|asset_id=10"},
    {"metadata|asset_id=1;blob_id=2;namespace='exif';json='{\"Iso\":100}'"},
    {"asset_link|from_id=4;relation='derived_from';to_id=5"},
    {"folder|id=2;parent_id=1;name='trip';name_key='trip';mode=493;uid=1000;gid=1000;mtime_ns=30"},
    {"folder|id=3;parent_id=2;name='more';name_key='more'"},
    {"folder_entry|id=1;folder_id=2;name='IMG.jpg';name_key='IMG.jpg';asset_id=1"},
    {"folder_entry|id=2;folder_id=2;name='MVI.MOV';name_key='MVI.MOV';asset_id=2"},
    {"folder_entry|id=3;folder_id=2;name='MVI.LRV';name_key='MVI.LRV';asset_id=3"},
    {"folder_entry|id=4;folder_id=2;name='brick.png';name_key='brick.png';asset_id=4"},
    {"folder_entry|id=5;folder_id=2;name='pack.zip';name_key='pack.zip';asset_id=5"},
    {"folder_entry|id=6;folder_id=2;name='gone.txt';name_key='gone.txt';asset_id=6", 1, 3},
    {"folder_entry|id=7;folder_id=3;name='brick.png';name_key='brick.png';asset_id=7"},
    {"folder_entry|id=8;folder_id=2;name='link';name_key='link';asset_id=8", 10},
    {"folder_entry|id=9;folder_id=2;name='twice.txt';name_key='twice.txt';asset_id=10"},
    {"folder_entry|id=10;folder_id=3;name='twice.txt';name_key='twice.txt';asset_id=10"},
    {"tag|id=2;parent_id=1;name='places';name_key='places'"},
    {"tag|id=3;parent_id=2;name='italy';name_key='italy'"},
    {"tag|id=4;parent_id=1;name='AC_DC';name_key='ac_dc';text='AC/DC';text_key='ac/dc'"},
    {"asset_tag|tag_id=3;asset_id=1"},
    {"asset_tag|tag_id=4;asset_id=2"},
    {"album|id=2;parent_id=1;name='Best';name_key='best';numbered=1"},
    {"album|id=3;parent_id=1;name='Good ones';name_key='good ones';query='rating:4'", 6},
    {"album_item|album_id=2;position=1048576;asset_id=2"},
    {"album_item|album_id=2;position=2097152;asset_id=1"},
    {"source_file|path='/card/IMG.jpg';entry_id=1"},
    {"source_file|path='/card/MVI.MOV';entry_id=2;sha256=CAST(printf('%032d',3) AS BLOB)"},
    {"change|id=1;at_ns=40;what=1;asset_id=1;version_id=1;grouping=0;key=0;name=''"},
    {"still_profile|code=8;name='web';spec='webp 100';added_ns=41", 2},
    {"act|id=1;at_ns=42;uid=1000;what='rate';undoes=NULL", 3},
    {"act|id=2;at_ns=43;uid=1000;what='undo';undoes=1", 3},
    {"act_step|act_id=1;number=1;what=3;asset_id=1;group_id=0;before='4';after='5'", 3},
    {"act_step|act_id=2;number=1;what=3;asset_id=1;group_id=0;before='5';after='4'", 3},
    {"trash|id=1;asset_id=6;name='gone.txt';name_key='gone.txt';folder='trip';original_name='gone.txt';deleted_ns=44;"
     "uid=1000;hidden=0",
     4},
    {"attribute|asset_id=1;name='user.mine';value=X'00FF'", 4},
    {"draft|version=1000;view=1;key=2;name='x.tmp';mtime_ns=45;mode=384;uid=1000;gid=1000;begun_from=0", 4},
    {"sidecar_heard|asset_id=1;form=2;words='{\"title\":\"Lake\"}'", 5},
    {"pack|blob_id=6;recipe=1;primary_member=0;charset='auto'", 7},
    {"material|id=1;blob_id=6;wanted='brick';name='brick';name_key='brick'", 7},
    {"pack_member|id=6291456;name='brick_albedo_2K.png';name_key='brick_albedo_2K.png';entry=0;role=1;resolution=2048;"
     "material_id=1;by_map=1;by_material=1;mime='image/png';still_width=2048;still_height=2048",
     7},
    {"pack_member|id=6291457;name='readme.txt';name_key='readme.txt';entry=1", 7},
    {"pack_name|asset_id=5;name='pack';name_key='pack'", 7},
    {"member_copy|asset_id=4;member_id=6291456", 7},
    {"damage|blob_id=7;found_ns=46;reason='it is missing'", 8},
};

std::vector<std::pair<std::string, std::string>> cells_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> cells;
  while (!text.empty()) {
    const std::string_view cell = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), cell.size() + 1));
    const size_t equals = cell.find('=');
    cells.emplace_back(cell.substr(0, equals), cell.substr(equals + 1));
  }
  return cells;
}

std::string_view table_of(std::string_view text) { return text.substr(0, text.find('|')); }
std::string_view rest_of(std::string_view text) { return text.substr(text.find('|') + 1); }

void insert(db::Database& database, const Row& row) {
  const std::string table(table_of(row.text));
  std::map<std::string, std::string> values;
  for (const std::string_view usual : kUsual) {
    if (table_of(usual) != table) continue;
    for (auto& [column, value] : cells_of(rest_of(usual))) values[column] = value;
  }
  for (auto& [column, value] : cells_of(rest_of(row.text))) values[column] = value;
  std::string names, expressions;
  for (const std::string& column : columns_of(database, table)) {
    const auto found = values.find(column);
    if (found == values.end()) throw std::logic_error(fmt::format("no row of old_catalog.cc has {}.{}", table, column));
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", column);
    expressions += fmt::format("{}{}", expressions.empty() ? "" : ", ", found->second);
  }
  database.execute(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, expressions));
}

// What a damfs of that version had counted and indexed.
void count(db::Database& database, int64_t version) {
  const auto from = [&](int64_t since, const char* sql) { return version >= since ? sql : ""; };
  const std::string is_live = from(4, " AND state = 0");
  const std::string is_flat = from(9, " AND is_first");
  const std::string standing = version < 9 ? "1" : version < 10 ? "is_copy = 0" : "standing = 0";
  const std::string assets = fmt::format("(SELECT *, {} AS is_first FROM asset WHERE 1{}) a", standing, is_live);
  database.execute(fmt::format(
      "UPDATE asset SET names = (SELECT count(*) FROM folder_entry WHERE asset_id = asset.id) + (SELECT count(*) FROM "
      "asset_tag WHERE asset_id = asset.id) + (SELECT count(*) FROM album_item WHERE asset_id = asset.id) + ({}) * (2 "
      "+ "
      "(camera_id IS NOT NULL){}) + (rating IS NOT NULL){}{} WHERE 1{}",
      standing, from(12, " + (lens_id IS NOT NULL)"), from(8, " + (versions > 1)"),
      from(9,
           " + EXISTS (SELECT 1 FROM asset o WHERE o.blob_id = asset.blob_id AND o.reach = asset.reach AND "
           "o.blob_id <> 0 AND o.id <> asset.id)"),
      is_live));
  database.execute(
      from(4, "UPDATE asset SET names = (SELECT count(*) FROM trash WHERE asset_id = asset.id) WHERE state = 1"));
  database.execute(from(9, "UPDATE blob SET assets = (SELECT count(*) FROM asset WHERE blob_id = blob.id)"));
  const auto shelve = [&](int grouping, const char* key, const std::string& where) {
    database.execute(
        fmt::format("INSERT INTO shelf (grouping, key, assets, changed_ns) SELECT {}, {}, count(*), 50 FROM {} WHERE "
                    "{} IS NOT NULL{} GROUP BY 2",
                    grouping, key, assets, key, where));
  };
  shelve(4, "camera_id", is_flat);
  shelve(5, "day", is_flat);
  shelve(6, "day / 512 * 512", is_flat);
  shelve(7, "kind", is_flat);
  shelve(8, "rating", "");
  if (version >= 12) shelve(15, "lens_id", is_flat);
  database.execute(
      "UPDATE counter SET value = (SELECT count(*) FROM blob) WHERE name = 'blobs';"
      "UPDATE counter SET value = (SELECT sum(size) FROM blob) WHERE name = 'original_bytes';"
      "UPDATE sqlite_sequence SET seq = 1100 WHERE name = 'version'");
  database.execute(from(9, "UPDATE counter SET value = 1 WHERE name = 'copies'"));
  database.execute(fmt::format(
      "INSERT INTO asset_search (rowid, names, title, description, tags, camera) SELECT a.id, a.label, x.title, "
      "x.description, '', coalesce(c.name, '') FROM {} JOIN asset_text x ON x.asset_id = a.id LEFT JOIN camera c ON "
      "c.id = a.camera_id",
      assets));
  database.execute(from(7, "INSERT INTO member_search (rowid, name) SELECT id, name FROM pack_member"));
}

}  // namespace

int64_t newest_catalog_version() { return std::size(sql::k_steps); }

std::vector<std::string> tables_of(db::Database& database) {
  std::vector<std::string> tables;
  db::Statement rows(
      database,
      "SELECT name FROM sqlite_schema t WHERE type = 'table' AND NOT EXISTS (SELECT 1 FROM sqlite_schema "
      "v WHERE v.sql LIKE 'CREATE VIRTUAL%' AND t.name GLOB v.name || '_*') ORDER BY name");
  while (rows.step()) tables.emplace_back(rows.text(0));
  return tables;
}

std::vector<std::string> columns_of(db::Database& database, const std::string& table) {
  std::vector<std::string> columns;
  db::Statement rows(database, fmt::format("PRAGMA table_info({})", table));
  while (rows.step()) columns.emplace_back(rows.text(1));
  return columns;
}

std::vector<std::string> rows_of(db::Database& database, const std::string& table,
                                 const std::vector<std::string>& columns) {
  std::string quoted;
  for (const std::string& column : columns) {
    quoted += fmt::format("{}quote(\"{}\")", quoted.empty() ? "" : " || ' ' || ", column);
  }
  std::vector<std::string> found;
  db::Statement rows(database, fmt::format("SELECT {} FROM {}", quoted, table));
  while (rows.step()) found.emplace_back(rows.text(0));
  std::sort(found.begin(), found.end());
  return found;
}

std::map<std::string, std::vector<std::string>> contents_of(db::Database& database) {
  std::map<std::string, std::vector<std::string>> contents;
  for (const std::string& table : tables_of(database)) {
    contents[table] = rows_of(database, table, columns_of(database, table));
  }
  return contents;
}

void make_old_catalog(const FileIn& file, int64_t version) {
  db::Database database(file, db::Database::Mode::kCreate);
  database.execute("PRAGMA application_id = 0x64616D66");
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  db::Transaction transaction(database);
  for (int64_t step = 0; step < version; ++step) database.execute(sql::k_steps[step]);
  database.execute("PRAGMA defer_foreign_keys = ON");
  std::set<std::string> filled{"counter", "shelf", "asset_search", "member_search", "sqlite_sequence"};  // by count()
  for (const Row& row : kRows) {
    if (version < row.since || version > row.until) continue;
    insert(database, row);
    filled.emplace(table_of(row.text));
  }
  count(database, version);
  for (const std::string& table : tables_of(database)) {
    if (!filled.contains(table)) throw std::logic_error("old_catalog.cc has no row of the table " + table);
  }
  transaction.commit();
}

}  // namespace damfs::test
