// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases made for one test on the real engine: the project's release image with a theme for municipalities on top, good or
//! bad in one way. Their images are removed when the value is dropped.

use std::{fs, path::Path, process::Command};

use flotta::{
    fleet::Release,
    releases::{self, Register},
};

use super::fleet::{Fleet, RELEASE_IMAGE};

/// What a release's theme does.
#[derive(Clone, Debug, Default)]
pub struct Theme {
    /// Shown on every page as `kommun VERSION`.
    pub version: &'static str,
    /// PHP of its `functions.php`.
    pub functions: &'static str,
    /// PHP at the top of every single post.
    pub single: &'static str,
    /// A line of the Dockerfile after the theme was copied.
    pub run: &'static str,
}

/// Migrates each site's data at its first visit, as the fork's theme does: a version option of its own, a lock that does not
/// serialise, no way back.
pub const MIGRATES: &str = r"
add_action('wp', function () {
    if ((int) get_option('kommun_db_version') >= 2 || get_transient('upgrade_lock_kommun')) { return; }
    set_transient('upgrade_lock_kommun', 1, 600);
    update_option('kommun_colour', 'migrated from ' . get_option('kommun_colour', 'nothing'));
    update_option('kommun_db_version', 2);
    delete_transient('upgrade_lock_kommun');
});";

/// Makes WordPress want tables of a later version, which adds a column to every site's posts.
pub const RAISES: &str = r#"RUN sed -i 's/^\$wp_db_version = .*/$wp_db_version = 60999;/' /var/www/html/wp-includes/version.php \
 && find /opt/flotta/opcache -path '*wp-includes/version.php*' -delete"#;

/// An upgrade that adds a column to the posts of the site at hand.
pub const ADDS_COLUMN: &str = r#"
add_action('wp_upgrade', function () {
    global $wpdb;
    if (!$wpdb->get_var("SHOW COLUMNS FROM $wpdb->posts LIKE 'kommun_extra'")) {
        $wpdb->query("ALTER TABLE $wpdb->posts ADD COLUMN kommun_extra INT NOT NULL DEFAULT 7");
    }
});"#;

/// Images of one test.
pub struct Images {
    tags: Vec<String>,
    prefix: String,
}

impl Images {
    /// None yet.
    pub fn new(fleet: &Fleet) -> Self {
        Self { tags: Vec::new(), prefix: format!("flotta-test/{}", fleet.app.tools.settings.fleet) }
    }

    /// Builds an image with this theme and registers it under this name.
    pub async fn release(&mut self, fleet: &Fleet, name: &str, theme: &Theme) -> Release {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), theme);
        let tag = format!("{}:{name}", self.prefix);
        let built = Command::new("docker").args(["build", "--quiet", "--force-rm", "--tag", &tag]).arg(folder.path()).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        self.tags.push(tag.clone());
        let register = Register { image: tag, name: Some(name.to_owned()), contract: None, stable: false };
        releases::register(&fleet.app.tools, &register).await.unwrap()
    }
}

impl Drop for Images {
    fn drop(&mut self) {
        for tag in &self.tags {
            drop(Command::new("docker").args(["rmi", "-f", tag]).output());
        }
    }
}

fn write(folder: &Path, theme: &Theme) {
    let Theme { version, functions, single, run } = theme;
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let page = format!(
        "<!DOCTYPE html><html <?php language_attributes(); ?>><head><meta charset=\"utf-8\"><title><?php bloginfo('name'); wp_title('–'); ?></title><?php wp_head(); ?></head>\
         <body <?php body_class(); ?>><header><a href=\"<?php echo esc_url(home_url('/')); ?>\"><?php bloginfo('name'); ?></a></header><main>\
         <?php while (have_posts()) {{ the_post(); the_title('<h2><a href=\"' . esc_url(get_permalink()) . '\">', '</a></h2>'); the_content(); }} ?></main>\
         <footer>kommun {version}</footer><?php wp_footer(); ?></body></html>\n"
    );
    put("kommun/style.css", format!("/*\nTheme Name: Kommun\nVersion: {version}\n*/\nbody {{ font-family: sans-serif }}\n"));
    put("kommun/index.php", page.clone());
    put("kommun/single.php", format!("<?php {single} ?>{page}"));
    put("kommun/functions.php", format!("<?php\n{functions}\n"));
    // The fork has one theme, and every site runs it.
    put(
        "kommun.php",
        "<?php\nforeach (['template', 'stylesheet'] as $what) { add_filter(\"pre_option_$what\", static fn() => 'kommun'); }\n".to_owned(),
    );
    put(
        "Dockerfile",
        format!(
            "FROM {RELEASE_IMAGE}\nUSER root\nCOPY kommun /var/www/html/wp-content/themes/kommun\n\
             COPY kommun.php /var/www/html/wp-content/mu-plugins/kommun.php\n{run}\nUSER www-data\n"
        ),
    );
}
