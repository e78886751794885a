// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/traps.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "fs/mount/place_pattern.h"
#include "tests/support/scratch.h"

namespace damfs::test {
namespace {

class Traps : public ::testing::Test {
 protected:
  Traps() {
    here_.root = scratch_.path() / "root";
    here_.home = scratch_.path() / "root/home/ann";
    here_.mountpoint = here_.home / "damfs";
  }

  void write(const Path& name, const std::string& text) {
    std::filesystem::create_directories((here_.root / name).parent_path());
    std::ofstream(here_.root / name, std::ios::binary) << text;
  }
  void touch(const Path& name) { write(name, "x"); }

  // The one trap there is; empty: there is none.
  std::string only() {
    const auto all = traps_of(here_);
    EXPECT_LE(all.size(), 1U);
    return all.empty() ? "" : all.front();
  }
  bool has(std::string_view word) { return only().find(word) != std::string::npos; }

  Scratch scratch_;
  Surroundings here_;
};

TEST_F(Traps, NoneOnAnEmptyMachine) { EXPECT_TRUE(traps_of(here_).empty()); }

TEST_F(Traps, Updatedb) {
  const Path conf = "etc/updatedb.conf";
  write(conf, "PRUNE_BIND_MOUNTS=\"yes\"\n# PRUNEFS = \"fuse.damfs\"\nPRUNEFS = \"NFS fuse.sshfs\"\n");
  EXPECT_TRUE(has("add fuse.damfs to PRUNEFS in /etc/updatedb.conf"));
  write(conf, "PRUNEFS=\"NFS Fuse.Damfs\"\n");
  EXPECT_EQ(only(), "");
  write(conf, "PRUNEFS=\"NFS\"\nPRUNEPATHS=\"/var/spool " + here_.home.string() + "\"\n");
  EXPECT_EQ(only(), "");
  write(conf, "PRUNEFS=\"NFS\"\nPRUNEPATHS=\"/var/spool " + here_.home.string() + "/dam\"\n");
  EXPECT_TRUE(has("updatedb")) << "a name that only begins alike";
}

constexpr const char* kSchema = "usr/share/glib-2.0/schemas/org.freedesktop.Tracker3.Miner.Files.gschema.xml";
constexpr const char* kDefaults =
    "<key name=\"index-recursive-directories\" type=\"as\"><default>['&DESKTOP', '&PICTURES']</default></key>"
    "<key name=\"ignored-directories\" type=\"as\"><default>['/', 'po']</default></key>";

TEST_F(Traps, TrackerByItsDefaults) {
  write(kSchema, kDefaults);
  EXPECT_EQ(only(), "");
  here_.mountpoint = here_.home / "Pictures/damfs";
  EXPECT_TRUE(has("ignored-directories"));
  write("home/ann/.config/user-dirs.dirs", "XDG_PICTURES_DIR=\"$HOME/Bilder\"\n");
  EXPECT_EQ(only(), "");
  here_.mountpoint = here_.home / "Bilder/damfs";
  EXPECT_TRUE(has("Tracker"));
}

// A database of one value, as gvdb-format.h has it.
std::string dconf(const std::string& key, const std::string& value) {
  const auto number = [](size_t n) {
    return std::string{static_cast<char>(n), static_cast<char>(n >> 8), static_cast<char>(n >> 16), 0};
  };
  const size_t table_end = 24 + 8 + 4 + 24;
  std::string size = number(key.size());
  size[2] = 'v';
  return "GVariant" + number(0) + number(0) + number(24) + number(table_end) + number(0) + number(1) + number(0) +
         number(0) + std::string(4, '\xff') + number(table_end) + size + number(table_end + key.size()) +
         number(table_end + key.size() + value.size()) + key + value;
}

TEST_F(Traps, TrackerByWhatItsUserSet) {
  using std::string_literals::operator""s;
  write(kSchema, kDefaults);
  const auto set = [&](const std::string& value) {
    write("home/ann/.config/dconf/user", dconf("index-recursive-directories", value + "\0as"s));
  };
  set("$HOME\0\x06"s);
  EXPECT_TRUE(has("reads " + here_.mountpoint.string()));
  set("/elsewhere\0&MUSIC\0\x0b\x12"s);
  EXPECT_EQ(only(), "");
  set("");
  EXPECT_EQ(only(), "");
  here_.mountpoint = here_.home / "Music/damfs";
  set("/elsewhere\0&MUSIC\0\x0b\x12"s);
  EXPECT_TRUE(has("Tracker"));
}

// As `dconf compile` wrote ['/srv/a folder with a name of forty-six letters', '$HOME/films'], beside another key.
constexpr std::string_view kCompiled =
    "4756617269616e74000000000000000018000000000100000000002808000000000000000000000001000000010000000300000005000000"
    "0600000008000000b13e6e9a060000000001000008004c00080100000c0100001b27950e000000000c01000006004c001401000018010000"
    "4b50900b030000001801000004004c001c01000020010000d4b50200ffffffff2001000001004c0024010000280100006400600a05000000"
    "280100001b0076004801000088010000fd01921d010000008801000006004c009001000098010000d6fc670502000000980100000c004c00"
    "a4010000a8010000e6f70c4105000000a801000011007600c0010000c6010000747261636b65722f010000006d696e65722f000005000000"
    "6f72672f060000002f00000002000000696e6465782d7265637572736976652d6469726563746f7269657300000000002f7372762f612066"
    "6f6c64657220776974682061206e616d65206f6620666f7274792d736978206c6574746572730024484f4d452f66696c6d73002f3b006173"
    "66696c65732f00000700000004000000667265656465736b746f702f00000000637261776c696e672d696e74657276616c00000000000000"
    "ffffffff0069";

TEST_F(Traps, TrackerByADatabaseOfDconfItself) {
  std::string database;
  for (size_t at = 0; at < kCompiled.size(); at += 2) {
    database += static_cast<char>(std::stoi(std::string(kCompiled.substr(at, 2)), nullptr, 16));
  }
  write(kSchema, kDefaults);
  write("home/ann/.config/dconf/user", database);
  EXPECT_EQ(only(), "") << "a number that looks like a slash is no folder";
  here_.mountpoint = here_.home / "films/damfs";
  EXPECT_TRUE(has("Tracker"));
  here_.mountpoint = "/srv/a folder with a name of forty-six letters";
  EXPECT_TRUE(has("Tracker"));
  here_.mountpoint = here_.home / "Pictures/damfs";
  EXPECT_EQ(only(), "") << "the defaults no longer count";
  for (size_t end = 0; end < database.size(); ++end) {
    write("home/ann/.config/dconf/user", database.substr(0, end));
    EXPECT_NO_THROW(traps_of(here_));
  }
}

TEST_F(Traps, Baloo) {
  const Path rc = "home/ann/.config/baloofilerc";
  touch("etc/xdg/autostart/baloo_file.desktop");
  EXPECT_TRUE(has("balooctl config add excludeFolders " + here_.mountpoint.string()))
      << "all of the home is its default";
  write(rc, "[Basic Settings]\nIndexing-Enabled=false\n");
  EXPECT_EQ(only(), "");
  write(rc, "[General]\nfolders[$e]=$HOME/Documents/,$HOME/Music/\n");
  EXPECT_EQ(only(), "");
  write(rc, "[General]\nexclude folders[$e]=$HOME/x/,$HOME/damfs/\nfolders[$e]=$HOME/\n");
  EXPECT_EQ(only(), "");
  write(rc, "[General]\nexclude folders[$e]=$HOME/x/\nfolders[$e]=$HOME/\n");
  EXPECT_TRUE(has("Baloo"));
}

TEST_F(Traps, Thumbnails) {
  touch("usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-png.so");
  EXPECT_TRUE(has("install the package webp-pixbuf-loader"));
  touch("usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-webp.so");
  EXPECT_EQ(only(), "");
}

TEST_F(Traps, ThumbnailsByProgramsOfTheirOwn) {
  touch("usr/lib64/gdk-pixbuf-2.0/2.10.0/loaders/libpixbufloader-png.so");
  EXPECT_TRUE(has("webp"));
  touch("usr/share/glycin-loaders/2+/conf.d/glycin-image-rs.conf");
  EXPECT_EQ(only(), "");
}

constexpr const char* kProfile = R"(abi <abi/4.0>,
include <tunables/global>
profile fusermount3 /usr/bin/fusermount3 {
  # mount fstype=fuse -> /**/,
  /dev/fuse rw,
  mount fstype={fuse,fuse.*} options=(nosuid,nodev) options in (ro,rw,noexec) -> @{HOME}/**/,
  mount fstype={fuse,fuse.*} options=(nosuid,nodev) -> /mnt/{,**/},
  mount fstype={fuse,fuse.*} options=(nosuid,nodev) -> @{run}/user/@{uid}/**/,
  umount @{HOME}/**/,
  include if exists <local/fusermount3>
}
)";

TEST_F(Traps, AppArmor) {
  write("etc/apparmor.d/fusermount3", kProfile);
  for (const char* allowed :
       {"/home/ann/damfs", "/home/ann/a/b", "/mnt", "/mnt/x", "/run/user/1000/d", "/root/damfs"}) {
    here_.mountpoint = allowed;
    EXPECT_EQ(only(), "") << allowed;
  }
  for (const char* refused : {"/srv/photos", "/home/ann", "/mntx", "/run/user/d"}) {
    here_.mountpoint = refused;
    EXPECT_TRUE(has("at @{HOME}/**/ /mnt/{,**/} @{run}/user/@{uid}/**/ only, which " + std::string(refused)))
        << refused;
  }
  here_.mountpoint = "/srv/photos";
  write("etc/apparmor.d/local/fusermount3", "mount fstype=fuse.damfs -> \"/srv/*/\",\n");
  EXPECT_EQ(only(), "");
  std::filesystem::remove(here_.root / "etc/apparmor.d/local/fusermount3");
  EXPECT_TRUE(has("apparmor_parser -r"));
  here_.is_root = true;
  EXPECT_EQ(only(), "") << "root mounts by itself";
  here_.is_root = false;
  touch("etc/apparmor.d/disable/fusermount3");
  EXPECT_EQ(only(), "");
}

TEST_F(Traps, AllowOther) {
  write("etc/fuse.conf", "#user_allow_other\nmount_max = 1000\n");
  EXPECT_EQ(only(), "") << "nobody wants it";
  write("proc/self/mounts", "damfs /mnt fuse.damfs rw,nosuid,user_id=1000,allow_other 0 0\n");
  EXPECT_TRUE(has("user_allow_other to /etc/fuse.conf"));
  write("etc/fuse.conf", "  user_allow_other \n");
  EXPECT_EQ(only(), "");
  write("etc/fuse.conf", "");
  write("proc/self/mounts", "sshfs /mnt fuse.sshfs rw,allow_other 0 0\n");
  EXPECT_EQ(only(), "");
  write("etc/fstab", "# comment\n/srv/p.damfs /mnt fuse.damfs user,noauto,allow_other 0 0\n");
  EXPECT_TRUE(has("fuse.conf"));
  here_.is_root = true;
  EXPECT_EQ(only(), "");
}

TEST_F(Traps, GarbageIsPassedOver) {
  std::mt19937 random(22);
  const std::string valid[] = {kProfile, kDefaults, dconf("index-recursive-directories", std::string("/\0\2\0as", 6))};
  for (int round = 0; round < 60; ++round) {
    for (const char* file : {"etc/updatedb.conf", "etc/fuse.conf", "etc/fstab", "etc/apparmor.d/fusermount3", kSchema,
                             "home/ann/.config/dconf/user", "home/ann/.config/baloofilerc",
                             "home/ann/.config/user-dirs.dirs", "proc/self/mounts"}) {
      std::string text = valid[random() % 3].substr(0, random() % 400);
      for (size_t i = random() % 12; i > 0 && !text.empty(); --i)
        text[random() % text.size()] = static_cast<char>(random());
      write(file, text);
    }
    EXPECT_NO_THROW(traps_of(here_));
  }
  write("etc/updatedb.conf", std::string(3 << 20, 'x'));
  EXPECT_NO_THROW(traps_of(here_)) << "too long to be one";
}

TEST(PlacePattern, AsAppArmorReadsIt) {
  EXPECT_TRUE(is_place_like("/a/b/", "/a/*/"));
  EXPECT_FALSE(is_place_like("/a/b/c/", "/a/*/"));
  EXPECT_TRUE(is_place_like("/a/b/c/", "/a/**/"));
  EXPECT_TRUE(is_place_like("/a/b/", "/{x,a}/{c,b{,d}}/"));
  EXPECT_TRUE(is_place_like("/a/bd/", "/{x,a}/{c,b{,d}}/"));
  EXPECT_FALSE(is_place_like("/a/be/", "/{x,a}/{c,b{,d}}/"));
  EXPECT_TRUE(is_place_like("/a/b", "/?/?"));
  EXPECT_TRUE(is_place_like("/anything/", "@{WHATEVER}/"));
  std::string many;
  for (int i = 0; i < 800; ++i) many += "{a,}";
  EXPECT_FALSE(is_place_like("/b/", many)) << "and soon";
  EXPECT_FALSE(is_place_like("/a/", std::string(4000, '{')));
}

}  // namespace
}  // namespace damfs::test
