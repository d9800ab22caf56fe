//! From tokens to a tree, in SQL's order of binding: OR, AND, NOT, comparison. Types are checked afterwards.

use std::ops::Range;

use super::lexer::{Kind, Token};
use super::{ConditionError, error};

/// Deepest nesting of brackets and NOT; far below what either database allows.
const DEEPEST: usize = 40;

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) span: Range<usize>,
    pub(super) node: Node,
}

#[derive(Debug)]
pub(super) enum Node {
    Name(String),
    Text(String),
    /// Thousandths, and whether written with a point.
    Number(i64, bool),
    Flag(bool),
    Null,
    Call(String, Vec<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Compare(Operator, Box<Tree>, Box<Tree>),
    IsNull(Box<Tree>, bool),
    In(Box<Tree>, Vec<Tree>, bool),
    Between(Box<Tree>, Box<Tree>, Box<Tree>, bool),
    Like(Box<Tree>, Box<Tree>, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Differs,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Differs => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "<>" => Self::Differs,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }
}

pub(super) fn parse(text: &str, tokens: &[Token]) -> Result<Tree, ConditionError> {
    let mut parser = Parser { tokens, at: 0, end: text.len(), depth: 0 };
    if tokens.is_empty() {
        return Err(error(&(0..text.len()), "条件が空です。", "the condition is empty"));
    }
    let tree = parser.or()?;
    match parser.peek() {
        None => Ok(tree),
        Some(token) => Err(error(
            &token.span,
            "この前で条件が終わっています。ANDかORでつないでください。",
            "the condition ends before this; join the parts with AND or OR",
        )),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Takes a keyword or sign if it comes next.
    fn take(&mut self, wanted: &str) -> bool {
        let here = match self.peek().map(|token| &token.kind) {
            Some(Kind::Keyword(word) | Kind::Sign(word)) => *word == wanted,
            _ => false,
        };
        if here {
            self.step();
        }
        here
    }

    fn want(&mut self, wanted: &str) -> Result<(), ConditionError> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(error(
            &self.place(),
            format!("ここに「{wanted}」が必要です。"),
            format!("`{wanted}` is missing here"),
        ))
    }

    fn place(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |token| token.span.clone())
    }

    /// The end of the token before.
    fn behind(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    fn deeper(&mut self) -> Result<(), ConditionError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth <= DEEPEST {
            return Ok(());
        }
        Err(error(&self.place(), "括弧やNOTの入れ子が深すぎます。", "brackets and NOT are nested too deeply"))
    }

    fn or(&mut self) -> Result<Tree, ConditionError> {
        self.chain("OR", Self::and, Node::Or)
    }

    fn and(&mut self) -> Result<Tree, ConditionError> {
        self.chain("AND", Self::not, Node::And)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Tree, ConditionError>,
        node: fn(Vec<Tree>) -> Node,
    ) -> Result<Tree, ConditionError> {
        let first = part(self)?;
        if !matches!(self.peek().map(|t| &t.kind), Some(Kind::Keyword(next)) if *next == word) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut parts = vec![first];
        while self.take(word) {
            parts.push(part(self)?);
        }
        Ok(Tree { span: start..self.behind(), node: node(parts) })
    }

    fn not(&mut self) -> Result<Tree, ConditionError> {
        let start = self.place().start;
        if !self.take("NOT") {
            return self.comparison();
        }
        self.deeper()?;
        let inner = self.not()?;
        self.depth = self.depth.saturating_sub(1);
        Ok(Tree { span: start..self.behind(), node: Node::Not(Box::new(inner)) })
    }

    fn comparison(&mut self) -> Result<Tree, ConditionError> {
        let left = self.operand()?;
        let start = left.span.start;
        let left = Box::new(left);
        if let Some(Kind::Sign(sign)) = self.peek().map(|token| &token.kind)
            && let Some(operator) = Operator::of(sign)
        {
            self.step();
            let right = self.operand()?;
            return Ok(self.tree(start, Node::Compare(operator, left, Box::new(right))));
        }
        if self.take("IS") {
            let negated = self.take("NOT");
            if !self.take("NULL") {
                return Err(error(
                    &self.place(),
                    "ISのあとは NULL か NOT NULL だけです。",
                    "only NULL or NOT NULL may follow IS",
                ));
            }
            return Ok(self.tree(start, Node::IsNull(left, negated)));
        }
        let negated = self.take("NOT");
        if self.take("IN") {
            self.want("(")?;
            let mut list = vec![self.operand()?];
            while self.take(",") {
                list.push(self.operand()?);
            }
            self.want(")")?;
            return Ok(self.tree(start, Node::In(left, list, negated)));
        }
        if self.take("BETWEEN") {
            let low = self.operand()?;
            self.want("AND")?;
            let high = self.operand()?;
            return Ok(self.tree(start, Node::Between(left, Box::new(low), Box::new(high), negated)));
        }
        if self.take("LIKE") {
            let pattern = self.operand()?;
            return Ok(self.tree(start, Node::Like(left, Box::new(pattern), negated)));
        }
        if negated {
            return Err(error(
                &self.place(),
                "NOTのあとは IN、BETWEEN、LIKE のいずれかです。",
                "IN, BETWEEN or LIKE must follow NOT here",
            ));
        }
        Ok(*left)
    }

    fn tree(&self, start: usize, node: Node) -> Tree {
        Tree { span: start..self.behind(), node }
    }

    fn operand(&mut self) -> Result<Tree, ConditionError> {
        let Some(token) = self.peek() else {
            return Err(error(
                &(self.end..self.end),
                "条件が途中で終わっています。",
                "the condition ends in the middle",
            ));
        };
        self.step();
        let node = match &token.kind {
            Kind::Name(name) if self.take("(") => {
                self.deeper()?;
                let mut arguments = Vec::new();
                if !self.take(")") {
                    arguments.push(self.or()?);
                    while self.take(",") {
                        arguments.push(self.or()?);
                    }
                    self.want(")")?;
                }
                self.depth = self.depth.saturating_sub(1);
                Node::Call(name.clone(), arguments)
            }
            Kind::Name(name) => Node::Name(name.clone()),
            Kind::Text(text) => Node::Text(text.clone()),
            Kind::Number(number, point) => Node::Number(*number, *point),
            Kind::Keyword("TRUE") => Node::Flag(true),
            Kind::Keyword("FALSE") => Node::Flag(false),
            Kind::Keyword("NULL") => Node::Null,
            Kind::Sign("(") => {
                self.deeper()?;
                let inner = self.or()?;
                self.want(")")?;
                self.depth = self.depth.saturating_sub(1);
                return Ok(Tree { span: token.span.start..self.behind(), node: inner.node });
            }
            Kind::Keyword(word) | Kind::Sign(word) => {
                return Err(error(
                    &token.span,
                    format!("ここに「{word}」は書けません。項目、値、関数のいずれかを書いてください。"),
                    format!("`{word}` can't stand here; write a field, a value or a function"),
                ));
            }
        };
        Ok(Tree { span: token.span.start..self.behind(), node })
    }
}
