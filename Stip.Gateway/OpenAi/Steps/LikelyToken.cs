namespace Stip.Gateway.OpenAi.Steps;

/// <summary>A likely token as the server numbers it, and as it is read here.</summary>
internal sealed record LikelyToken(int Index, string Token);
