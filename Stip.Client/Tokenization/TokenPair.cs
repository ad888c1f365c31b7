namespace Stip.Client.Tokenization;

/// <summary>Two sequences as one, framed as the tokenizer says.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Types">Segment of each token.</param>
/// <param name="SecondStart">Where the second sequence begins.</param>
internal sealed record TokenPair(int[] Ids, int[] Types, int SecondStart);
