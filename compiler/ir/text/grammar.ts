// Grammar of the textual form (chevrotain). It yields a syntax tree of tokens; meaning is given to them in parser.ts.
// Nothing nests: the deepest construct is a list inside an attribute, so no text can exhaust the stack.
import { EmbeddedActionsParser, EOF, type IParserErrorMessageProvider, type IToken, type TokenType } from 'chevrotain';
import * as T from './tokens.ts';

export interface NameSyntax {
  readonly id: IToken;
  /** Quoted original name, where the identifier does not imply it. */
  readonly name: IToken | undefined;
}

export interface ListSyntax {
  readonly start: IToken;
  readonly items: readonly IToken[];
}

export interface TypeSyntax {
  readonly element: IToken;
  /** Shape, range (a pair), scale or `integral`: which of them, and in which order, is checked in types.ts. */
  readonly parts: readonly (IToken | readonly [IToken, IToken])[];
}

export interface AttrSyntax {
  readonly name: IToken;
  readonly value: IToken | ListSyntax;
}

export interface LocationSyntax {
  readonly node: IToken;
  readonly index: IToken;
}

export interface ConstantSyntax {
  readonly kind: 'constant';
  /** Exactly one in a valid text. */
  readonly results: readonly NameSyntax[];
  /** A list of numbers, or the digest of a resource. */
  readonly value: ListSyntax | IToken;
  readonly type: TypeSyntax;
}

export interface OperationSyntax {
  readonly kind: 'operation';
  readonly results: readonly NameSyntax[];
  readonly op: IToken;
  readonly operands: readonly IToken[];
  readonly attrs: readonly AttrSyntax[];
  readonly types: readonly TypeSyntax[];
  readonly loc: LocationSyntax | undefined;
}

export interface ResourceSyntax {
  readonly digest: IToken;
  readonly array: IToken;
  readonly base64: IToken;
}

export interface FileSyntax {
  readonly name: IToken;
  readonly attrs: readonly AttrSyntax[];
  readonly inputs: readonly { readonly result: NameSyntax; readonly type: TypeSyntax }[];
  readonly body: readonly (ConstantSyntax | OperationSyntax)[];
  readonly outputs: readonly { readonly value: IToken; readonly name: IToken }[];
  readonly resources: readonly ResourceSyntax[];
}

const label = (type: TokenType): string => type.LABEL ?? type.name;
const got = (tokens: readonly IToken[]): string => {
  const next = tokens[0];
  return next === undefined || next.tokenType === EOF ? 'the end of the text' : excerpt(next);
};

/** A token as messages show it: cut, in quotes. */
export function excerpt(token: IToken): string {
  const { image } = token;
  if (token.tokenType === T.OpenText) return 'a string without closing quote';
  return `"${image.length > 40 ? `${image.slice(0, 40)}...` : image}"`;
}

const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => `expected ${label(expected)}, got ${got([actual])}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) =>
    `expected the end of the text or a section "resources", got ${excerpt(firstRedundant)}`,
  buildNoViableAltMessage: ({ actual, expectedPathsPerAlt }) => {
    const first = expectedPathsPerAlt.flat().flatMap((path) => path.slice(0, 1).map(label));
    return `expected ${[...new Set(first)].join(' or ')}, got ${got(actual)}`;
  },
  buildEarlyExitMessage: ({ actual, expectedIterationPaths }) =>
    `expected ${[...new Set(expectedIterationPaths.flatMap((path) => path.slice(0, 1).map(label)))].join(' or ')}, got ${got(actual)}`,
};

/** The parser generated from the rules below: `file` is the entry. */
export class ModuleGrammar extends EmbeddedActionsParser {
  constructor() {
    super([...T.TOKENS], { maxLookahead: 2, errorMessageProvider: messages, recoveryEnabled: false });
    this.performSelfAnalysis();
  }

  readonly file = this.RULE('file', (): FileSyntax => {
    this.CONSUME(T.ModuleKeyword);
    this.CONSUME(T.At);
    const name = this.SUBRULE(this.word);
    const attrs = this.SUBRULE(this.attributes);
    this.CONSUME(T.LeftBrace);
    this.CONSUME(T.GraphKeyword);
    this.CONSUME(T.LeftParen);
    const inputs: { result: NameSyntax; type: TypeSyntax }[] = [];
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        const result = this.SUBRULE(this.definition);
        this.CONSUME(T.Colon);
        inputs.push({ result, type: this.SUBRULE(this.type) });
      },
    });
    this.CONSUME(T.RightParen);
    this.CONSUME2(T.LeftBrace);
    const body: (ConstantSyntax | OperationSyntax)[] = [];
    this.MANY(() => {
      body.push(this.SUBRULE(this.statement));
    });
    const outputs = this.SUBRULE(this.returned);
    this.CONSUME(T.RightBrace);
    this.CONSUME2(T.RightBrace);
    const resources: ResourceSyntax[] = [];
    this.OPTION(() => {
      this.CONSUME(T.ResourcesKeyword);
      this.CONSUME3(T.LeftBrace);
      this.MANY2(() => {
        resources.push(this.SUBRULE(this.resource));
      });
      this.CONSUME3(T.RightBrace);
    });
    return { name, attrs, inputs, body, outputs, resources };
  });

  /** A word or a quoted string, where any name may stand. */
  private readonly word = this.RULE(
    'word',
    (): IToken => this.OR([{ ALT: () => this.CONSUME(T.Word) }, { ALT: () => this.CONSUME(T.Text) }]),
  );

  private readonly definition = this.RULE('definition', (): NameSyntax => {
    const id = this.CONSUME(T.ValueId);
    const name = this.OPTION(() => this.CONSUME(T.Text));
    return { id, name };
  });

  private readonly statement = this.RULE('statement', (): ConstantSyntax | OperationSyntax => {
    const results: NameSyntax[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: T.Comma, DEF: () => results.push(this.SUBRULE(this.definition)) });
    this.CONSUME(T.Equals);
    return this.OR<ConstantSyntax | OperationSyntax>([
      {
        ALT: () => {
          this.CONSUME(T.ConstantKeyword);
          const value = this.SUBRULE(this.constantValue);
          this.CONSUME(T.Colon);
          const type = this.SUBRULE(this.type);
          return { kind: 'constant', results, value, type };
        },
      },
      {
        ALT: () => {
          const op = this.SUBRULE(this.word);
          this.CONSUME(T.LeftParen);
          const operands: IToken[] = [];
          this.MANY_SEP({ SEP: T.Comma, DEF: () => operands.push(this.CONSUME(T.ValueId)) });
          this.CONSUME(T.RightParen);
          const attrs = this.OPTION(() => this.SUBRULE(this.attributes)) ?? [];
          this.CONSUME2(T.Colon);
          const types: TypeSyntax[] = [];
          this.AT_LEAST_ONE_SEP2({ SEP: T.Comma, DEF: () => types.push(this.SUBRULE2(this.type)) });
          const loc = this.OPTION2(() => this.SUBRULE(this.location));
          return { kind: 'operation', results, op, operands, attrs, types, loc };
        },
      },
    ]);
  });

  private readonly constantValue = this.RULE('constantValue', (): ListSyntax | IToken =>
    this.OR<ListSyntax | IToken>([
      {
        ALT: () => {
          this.CONSUME(T.DenseKeyword);
          return this.SUBRULE(this.list);
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.ResourceKeyword);
          return this.CONSUME(T.Text);
        },
      },
    ]),
  );

  private readonly list = this.RULE('list', (): ListSyntax => {
    const start = this.CONSUME(T.LeftBracket);
    const items: IToken[] = [];
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        items.push(this.OR([{ ALT: () => this.CONSUME(T.NumberWord) }, { ALT: () => this.CONSUME(T.Text) }]));
      },
    });
    this.CONSUME(T.RightBracket);
    return { start, items };
  });

  private readonly attributes = this.RULE('attributes', (): readonly AttrSyntax[] => {
    const attrs: AttrSyntax[] = [];
    this.CONSUME(T.LeftBrace);
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.word);
        this.CONSUME(T.Equals);
        const value = this.OR<IToken | ListSyntax>([
          { ALT: () => this.CONSUME(T.NumberWord) },
          { ALT: () => this.CONSUME(T.Text) },
          { ALT: () => this.CONSUME(T.TrueKeyword) },
          { ALT: () => this.CONSUME(T.FalseKeyword) },
          { ALT: () => this.SUBRULE(this.list) },
        ]);
        attrs.push({ name, value });
      },
    });
    this.CONSUME(T.RightBrace);
    return attrs;
  });

  private readonly type = this.RULE('type', (): TypeSyntax => {
    const element = this.CONSUME(T.Word);
    this.CONSUME(T.LeftAngle);
    const parts: (IToken | readonly [IToken, IToken])[] = [];
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        const part = this.OR<IToken | readonly [IToken, IToken]>([
          { ALT: () => this.CONSUME(T.Dimensions) },
          { ALT: () => this.CONSUME(T.NumberWord) },
          { ALT: () => this.CONSUME(T.Power) },
          { ALT: () => this.CONSUME(T.Ratio) },
          { ALT: () => this.CONSUME2(T.Word) },
          { ALT: () => this.SUBRULE(this.range) },
        ]);
        parts.push(part);
      },
    });
    this.CONSUME(T.RightAngle);
    return { element, parts };
  });

  private readonly range = this.RULE('range', (): readonly [IToken, IToken] => {
    this.CONSUME(T.LeftBracket);
    const lo = this.CONSUME(T.NumberWord);
    this.CONSUME(T.Comma);
    const hi = this.CONSUME2(T.NumberWord);
    this.CONSUME(T.RightBracket);
    return [lo, hi];
  });

  private readonly location = this.RULE('location', (): LocationSyntax => {
    this.CONSUME(T.LocKeyword);
    this.CONSUME(T.LeftParen);
    const node = this.CONSUME(T.Text);
    const index = this.CONSUME(T.HashIndex);
    this.CONSUME(T.RightParen);
    return { node, index };
  });

  private readonly returned = this.RULE('returned', (): FileSyntax['outputs'] => {
    const outputs: { value: IToken; name: IToken }[] = [];
    this.CONSUME(T.ReturnKeyword);
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        const value = this.CONSUME(T.ValueId);
        this.CONSUME(T.AsKeyword);
        outputs.push({ value, name: this.CONSUME(T.Text) });
      },
    });
    return outputs;
  });

  private readonly resource = this.RULE('resource', (): ResourceSyntax => {
    const digest = this.CONSUME(T.Text);
    this.CONSUME(T.Colon);
    const array = this.CONSUME(T.Word);
    this.CONSUME(T.Base64Keyword);
    const base64 = this.CONSUME2(T.Text);
    return { digest, array, base64 };
  });
}
