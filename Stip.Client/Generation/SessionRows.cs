using Stip.Protocol.Tensors;

namespace Stip.Client.Generation;

/// <summary>Makes the rows that one session sends.</summary>
internal abstract class SessionRows : IDisposable
{
    /// <summary>Rows of one step, <c>[n, hidden]</c> in the wire's type.</summary>
    /// <param name="tokenIds">Tokens that follow each other.</param>
    /// <param name="firstPosition">Place of the first of them.</param>
    /// <param name="mayBeKept">False where the bytes are not needed beyond the next call.</param>
    public abstract byte[] Make(ReadOnlySpan<int> tokenIds, int firstPosition, bool mayBeKept);

    /// <summary>What goes with the rows from position 0 on; null for a decoder on its own.</summary>
    public virtual TensorPayload? Source => null;

    /// <summary>Tokens of that; null where there is none.</summary>
    public virtual int? SourceTokens => null;

    /// <summary>Rows of a sequence that begins as this one.</summary>
    /// <param name="tokens">How many tokens both share, whose rows were made.</param>
    public abstract SessionRows Fork(int tokens);

    public abstract void Dispose();
}
