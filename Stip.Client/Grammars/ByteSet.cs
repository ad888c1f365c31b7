namespace Stip.Client.Grammars;

/// <summary>One byte of a set.</summary>
internal sealed class ByteSet : GrammarNode
{
    private readonly bool[] _contained = new bool[256];

    private ByteSet(IEnumerable<int> bytes)
    {
        foreach (var value in bytes)
        {
            _contained[value] = true;
        }
    }

    /// <summary>The bytes of these ranges, both ends included.</summary>
    public static ByteSet Ranges(params (int First, int Last)[] ranges) =>
        new(ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1)));

    public static ByteSet Of(params char[] characters) => new(characters.Select(character => (int)character));

    public bool Contains(byte value) => _contained[value];

    public override void Open(GrammarRest? rest, GrammarPlaces into) => into.Add(this, rest);
}
