//! What a course shows and asks, written as plain text that a clerk can edit without a tool:
//!
//! ```text
//! # パスワードの扱い            a slide: its heading
//! 使い回しをしません。           its text, until the next heading or question
//!
//! ? 電話で本人を名乗る人に…？    a question
//! - 教える                      an answer that is wrong
//! + 教えず、窓口に確認する       the answer that is right (one or more)
//! > 名乗りだけでは本人と…        shown after answering
//! ```
//!
//! The text is parsed when it is saved, so that a course in use never fails to show. It never holds markup: everything
//! is shown as text.

use serde::{Deserialize, Serialize};

/// Most characters of a course's text.
const MAX_CHARS: usize = 200_000;

/// Most questions of a course.
const MAX_QUESTIONS: usize = 100;

/// Slides and questions of a course.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Content {
    /// The slides in order.
    pub slides: Vec<Slide>,
    /// The questions in order.
    pub questions: Vec<Question>,
}

/// A slide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slide {
    /// Its heading.
    pub heading: String,
    /// Its paragraphs.
    pub paragraphs: Vec<String>,
}

/// A question with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// The answers in order, each with whether it is right.
    pub answers: Vec<Answer>,
    /// Shown after answering; may be empty.
    pub explanation: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Whether it is right.
    pub right: bool,
}

/// What is wrong with a course's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {en}")]
pub struct ContentError {
    /// The line, from 1.
    pub line: usize,
    /// 日本語
    pub ja: String,
    /// English
    pub en: String,
}

impl ContentError {
    fn at(line: usize, ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self { line, ja: ja.into(), en: en.into() }
    }
}

impl Content {
    /// Reads a course's text.
    ///
    /// # Errors
    /// The first line that does not fit, and what would.
    pub fn parse(text: &str) -> Result<Self, ContentError> {
        if text.chars().count() > MAX_CHARS {
            return Err(ContentError::at(
                1,
                format!("教材が長すぎます。{MAX_CHARS}文字以内に分けてください。"),
                format!("the text is too long; at most {MAX_CHARS} characters"),
            ));
        }
        let mut content = Self::default();
        // The line at which the question being read began.
        let mut asked_at = None;
        for (index, line) in text.lines().enumerate() {
            let number = index.saturating_add(1);
            let line = line.trim();
            if let Some(heading) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) {
                content.close_question(asked_at.take())?;
                content.slides.push(Slide { heading: heading.to_owned(), paragraphs: Vec::new() });
            } else if let Some(question) = after_mark(line, &['?', '？']) {
                content.close_question(asked_at.replace(number))?;
                let question =
                    Question { text: question.to_owned(), answers: Vec::new(), explanation: String::new() };
                content.questions.push(question);
            } else if asked_at.is_some() {
                content.continue_question(line, number)?;
            } else if !line.is_empty() {
                content.continue_slide(line, number)?;
            }
        }
        content.close_question(asked_at)?;
        if content.questions.len() > MAX_QUESTIONS {
            return Err(ContentError::at(
                1,
                format!("問題は{MAX_QUESTIONS}問までです。"),
                format!("at most {MAX_QUESTIONS} questions"),
            ));
        }
        Ok(content)
    }

    /// The text from which [`Content::parse`] makes the same course.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for slide in &self.slides {
            out.push_str(&format!("# {}\n", slide.heading));
            for paragraph in &slide.paragraphs {
                out.push_str(&format!("{paragraph}\n"));
            }
            out.push('\n');
        }
        for question in &self.questions {
            out.push_str(&format!("? {}\n", question.text));
            for answer in &question.answers {
                out.push_str(&format!("{} {}\n", if answer.right { '+' } else { '-' }, answer.text));
            }
            if !question.explanation.is_empty() {
                out.push_str(&format!("> {}\n", question.explanation));
            }
            out.push('\n');
        }
        out
    }

    /// Points out of 100 for the chosen answers, question by question; `None` for a course without questions. A
    /// question counts when exactly its right answers were chosen.
    #[must_use]
    pub fn score(&self, chosen: &[Vec<usize>]) -> Option<i64> {
        let right = self
            .questions
            .iter()
            .enumerate()
            .filter(|(index, question)| {
                let mut given: Vec<usize> = chosen.get(*index).cloned().unwrap_or_default();
                given.sort_unstable();
                given.dedup();
                given == question.right_answers()
            })
            .count();
        let right = i64::try_from(right).ok()?.checked_mul(100)?;
        right.checked_div(i64::try_from(self.questions.len()).ok()?)
    }

    fn continue_slide(&mut self, line: &str, number: usize) -> Result<(), ContentError> {
        let Some(slide) = self.slides.last_mut() else {
            return Err(ContentError::at(
                number,
                "最初の行に「# 見出し」を書いてから本文を書いてください。",
                "begin with `# heading` before any text",
            ));
        };
        slide.paragraphs.push(line.to_owned());
        Ok(())
    }

    fn continue_question(&mut self, line: &str, number: usize) -> Result<(), ContentError> {
        let Some(question) = self.questions.last_mut() else { return Ok(()) };
        if let Some(text) = after_mark(line, &['+', '＋']) {
            question.answers.push(Answer { text: text.to_owned(), right: true });
        } else if let Some(text) = after_mark(line, &['-', '－', '−']) {
            question.answers.push(Answer { text: text.to_owned(), right: false });
        } else if let Some(text) = after_mark(line, &['>', '＞']) {
            if !question.explanation.is_empty() {
                question.explanation.push('\n');
            }
            question.explanation.push_str(text);
        } else if !line.is_empty() {
            return Err(ContentError::at(
                number,
                "問題の中の行は「- 誤答」「+ 正答」「> 解説」のどれかで始めてください。",
                "a line of a question begins with `-` (wrong), `+` (right) or `>` (explanation)",
            ));
        }
        Ok(())
    }

    /// A question that is complete has two answers or more and a right one.
    fn close_question(&mut self, asked_at: Option<usize>) -> Result<(), ContentError> {
        let (Some(line), Some(question)) = (asked_at, self.questions.last()) else { return Ok(()) };
        if question.text.is_empty() {
            return Err(ContentError::at(line, "問題文がありません。", "the question has no text"));
        }
        if question.answers.len() < 2 || question.right_answers().is_empty() {
            return Err(ContentError::at(
                line,
                "問題には2つ以上の選択肢と、1つ以上の正答（+）が要ります。",
                "a question needs two answers or more, one of them right (`+`)",
            ));
        }
        Ok(())
    }
}

impl Question {
    /// Indexes of the right answers, ascending.
    #[must_use]
    pub fn right_answers(&self) -> Vec<usize> {
        self.answers.iter().enumerate().filter(|(_, answer)| answer.right).map(|(index, _)| index).collect()
    }
}

fn after_mark<'a>(line: &'a str, marks: &[char]) -> Option<&'a str> {
    line.strip_prefix(marks).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COURSE: &str = "# パスワード\n使い回しをしません。\n\n？ 電話で聞かれたら\n- 教える\n＋ 教えない\n> 本人か分かりません。\n\n# まとめ\n以上です。\n";

    #[test]
    fn a_course_is_read_with_full_width_marks_and_written_back() {
        let content = Content::parse(COURSE).unwrap();
        assert_eq!(content.slides.len(), 2);
        assert_eq!(content.questions[0].right_answers(), [1]);
        assert_eq!(Content::parse(&content.to_text()), Ok(content));
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        let check =
            |text: &str, line: usize| assert_eq!(Content::parse(text).unwrap_err().line, line, "{text}");
        check("本文だけ", 1);
        check("# 見出し\n? 問い\n- 誤\n", 2);
        check("# 見出し\n? 問い\n- 誤\n+ 正\n何か", 5);
        check("?\n- 誤\n+ 正", 1);
    }

    #[test]
    fn only_exactly_the_right_answers_count() {
        let content = Content::parse("? 一\n+ a\n- b\n? 二\n+ a\n+ b\n- c\n? 三\n- a\n+ b\n").unwrap();
        let check = |chosen: &[&[usize]], score: i64| {
            let chosen: Vec<Vec<usize>> = chosen.iter().map(|one| one.to_vec()).collect();
            assert_eq!(content.score(&chosen), Some(score));
        };
        check(&[&[0], &[0, 1], &[1]], 100);
        check(&[&[0], &[0], &[1]], 66);
        check(&[&[0, 1], &[0, 1, 2], &[]], 0);
        check(&[], 0);
        assert_eq!(Content::default().score(&[]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
            if let Ok(content) = Content::parse(&text) {
                let _ = content.score(&[vec![0]]);
            }
        }
    }
}
