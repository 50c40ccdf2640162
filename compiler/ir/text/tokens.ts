// Tokens of the textual form. Every pattern is linear: none can be made to backtrack by a hostile text.
import { createToken, Lexer, type TokenType } from 'chevrotain';

const token = (name: string, pattern: RegExp | string, label: string, more: object = {}): TokenType =>
  createToken({ name, pattern, label, ...more });

export const Blank = token('Blank', /[ \t\r\n]+/, 'blank', { group: Lexer.SKIPPED, line_breaks: true });
export const Comment = token('Comment', /\/\/[^\n]*/, 'comment', { group: Lexer.SKIPPED });

/** `%x`, `%0`, `%/fc1/MatMul`: a value. Two slashes in a row would start a comment and end the name. */
export const ValueId = token(
  'ValueId',
  /%(?:\d+|(?:[A-Za-z_]|\/(?!\/))(?:[A-Za-z0-9_.$-]|\/(?!\/))*)/,
  'a value like %x',
);
export const HashIndex = token('HashIndex', /#-?\d+/, 'a node index like #0');
export const Dimensions = token('Dimensions', /\d+(?:x\d+)+/, 'dimensions like 1x4');
export const Power = token('Power', /2\^-?\d+/, 'a power like 2^-7');
export const Ratio = token('Ratio', /\d+\/\d+/, 'a ratio like 1/3');
export const NumberWord = token(
  'NumberWord',
  /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-?inf(?![A-Za-z0-9_])|nan(?![A-Za-z0-9_])/,
  'a number',
);
export const Text = token('Text', /"[^"\\\n\r]*(?:\\[^\n\r][^"\\\n\r]*)*"/, 'a quoted string');
/** Matches the rest of the line, so that the lexer does not look for a string again at each of its characters. */
export const OpenText = token('OpenText', /"[^\n\r]*/, 'a string without closing quote');
export const Word = token('Word', /[A-Za-z_][A-Za-z0-9_]*/, 'a name');

const keyword = (word: string): TokenType =>
  token(`Keyword_${word}`, word, word, { longer_alt: Word, categories: [Word] });

// Keywords are words too: an operator or attribute may be called `loc` or `constant`.
export const ModuleKeyword = keyword('module');
export const GraphKeyword = keyword('graph');
export const ConstantKeyword = keyword('constant');
export const DenseKeyword = keyword('dense');
export const ResourceKeyword = keyword('resource');
export const ResourcesKeyword = keyword('resources');
export const LocKeyword = keyword('loc');
export const ReturnKeyword = keyword('return');
export const AsKeyword = keyword('as');
export const Base64Keyword = keyword('base64');
export const TrueKeyword = keyword('true');
export const FalseKeyword = keyword('false');

export const At = token('At', '@', '@');
export const Equals = token('Equals', '=', '=');
export const Comma = token('Comma', ',', ',');
export const Colon = token('Colon', ':', ':');
export const LeftBrace = token('LeftBrace', '{', '{');
export const RightBrace = token('RightBrace', '}', '}');
export const LeftParen = token('LeftParen', '(', '(');
export const RightParen = token('RightParen', ')', ')');
export const LeftBracket = token('LeftBracket', '[', '[');
export const RightBracket = token('RightBracket', ']', ']');
export const LeftAngle = token('LeftAngle', '<', '<');
export const RightAngle = token('RightAngle', '>', '>');

/** In order of precedence. */
export const TOKENS: readonly TokenType[] = [
  Blank,
  Comment,
  ValueId,
  HashIndex,
  Dimensions,
  Power,
  Ratio,
  NumberWord,
  Text,
  OpenText,
  ResourcesKeyword,
  ResourceKeyword,
  ModuleKeyword,
  GraphKeyword,
  ConstantKeyword,
  DenseKeyword,
  LocKeyword,
  ReturnKeyword,
  AsKeyword,
  Base64Keyword,
  TrueKeyword,
  FalseKeyword,
  Word,
  Comma,
  Equals,
  Colon,
  At,
  LeftBrace,
  RightBrace,
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  LeftAngle,
  RightAngle,
];
