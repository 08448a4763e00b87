// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases made for one test on the real engine: the project's release image with something changed in it, or with a theme for
//! municipalities on top, good or bad in one way. Their images are removed when the value is dropped.

use std::{
    fmt::Display,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use flotta::{
    fleet::Release,
    releases::{self, Register},
};

use super::fleet::{Fleet, RELEASE_IMAGE};

/// The theme that the sites of the project's own release have.
pub const THEME: &str = "/var/www/html/wp-content/themes/twentytwentyfive";

/// Compiles a folder anew. An image that was built before compiling forgot what it had compiled still has the old.
pub fn compile(folder: &str) -> String {
    format!("rm -rf /opt/flotta/opcache/*{folder} && flotta-compile {folder}")
}

/// One image, by its tag.
pub struct Image(pub String);

impl Image {
    /// The release with this PHP at the end of its theme's functions.
    pub fn with_theme(name: &str, php: &str) -> Self {
        let put = format!("COPY more.php /tmp/more.php\nRUN cat /tmp/more.php >>{THEME}/functions.php && {}", compile(THEME));
        Self::build(name, &put, &format!("\n{php}\n"))
    }

    /// The release changed by these lines of a Dockerfile; `more.php` lies beside it.
    pub fn build(name: &str, lines: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("more.php"), more).unwrap();
        Self::of(folder.path(), format!("flotta-test/{name}:{:08x}", rand::random::<u32>()), lines)
    }

    /// The release changed by these lines, with what lies in the folder.
    fn of(folder: &Path, tag: String, lines: &str) -> Self {
        let text = format!("FROM {RELEASE_IMAGE}\nLABEL flotta.test=1\nUSER root\n{lines}\nUSER www-data\n");
        fs::write(folder.join("Dockerfile"), text).unwrap();
        let mut command = Command::new("docker");
        command.args(["build", "--quiet", "--force-rm", "--tag", &tag]).arg(folder).env("DOCKER_BUILDKIT", "0");
        let built = command.output().unwrap();
        assert!(built.status.success(), "{}{}", String::from_utf8_lossy(&built.stdout), String::from_utf8_lossy(&built.stderr));
        Self(tag)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        drop(Command::new("docker").args(["rmi", "-f", &self.0]).stdout(Stdio::null()).stderr(Stdio::null()).status());
    }
}

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

/// Releases of one test, with themes for municipalities.
pub struct Images {
    built: Vec<Image>,
    prefix: String,
}

impl Images {
    /// None yet, of a fleet of this name.
    pub fn new(fleet: impl Display) -> Self {
        Self { built: Vec::new(), prefix: format!("flotta-test/{fleet}") }
    }

    /// Builds an image with this theme, and gives its tag.
    pub fn build(&mut self, name: &str, theme: &Theme) -> String {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), theme);
        let lines = format!(
            "COPY kommun /var/www/html/wp-content/themes/kommun\n\
             COPY kommun.php /var/www/html/wp-content/mu-plugins/kommun.php\n{}",
            theme.run
        );
        let image = Image::of(folder.path(), format!("{}:{name}", self.prefix), &lines);
        let tag = image.0.clone();
        self.built.push(image);
        tag
    }

    /// Builds one and registers it under this name.
    pub async fn release(&mut self, fleet: &Fleet, name: &str, theme: &Theme) -> Release {
        let register = Register { image: self.build(name, theme), name: Some(name.to_owned()), contract: None, stable: false };
        releases::register(&fleet.app.tools, &register).await.unwrap()
    }
}

fn write(folder: &Path, theme: &Theme) {
    let Theme { version, functions, single, .. } = theme;
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
}
