namespace Stip.Client.Tokenization.Decoding;

/// <summary>
/// One step from pieces to text. It holds its own state, so that a stream and a whole decode are the same run.
/// </summary>
internal abstract class DecodingStage
{
    /// <summary>Takes a fragment and hands on what is settled by now.</summary>
    public abstract void Push(string fragment, Action<string> emit);

    /// <summary>Hands on what was held back; nothing follows.</summary>
    public virtual void Flush(Action<string> emit)
    {
    }
}
