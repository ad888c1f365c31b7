namespace Stip.Client.Sampling;

/// <summary>
/// A token and the natural logarithm of its probability under the model (temperature 1, no penalties).
/// </summary>
/// <param name="Id">The token id.</param>
/// <param name="Logprob">ln p, at most 0; minus infinity for a token that cannot come.</param>
public readonly record struct TokenLogprob(int Id, double Logprob);
