import { useQuery } from '@tanstack/react-query';
import { api, type User } from '../api';

/** The account that is logged in; undefined until it is known. */
export function useProfile(): User | undefined {
  const profile = useQuery({ queryKey: ['profile'], queryFn: () => api.GET('/v1/user/profile') });
  return profile.data?.user;
}
